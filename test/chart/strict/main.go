// Reads Kubernetes objects in YAML from standard input and reports what a cluster of today would refuse: unknown
// or wrongly typed fields, and pods outside the "restricted" Pod Security Standard. Exits 1 with a line for each.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, gateway.Install, monitoring.AddToScheme,
	} {
		if err := add(types); err != nil {
			panic(err)
		}
	}
	restricted, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	objects, faults := 0, 0
	reader := utilyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			panic(err)
		}
		for _, fault := range faultsOf(document, types, restricted, &objects) {
			faults++
			fmt.Println(fault)
		}
	}
	fmt.Printf("%d objects, %d faults\n", objects, faults)
	if faults > 0 || objects == 0 {
		os.Exit(1)
	}
}

func faultsOf(document []byte, types *runtime.Scheme, restricted policy.Evaluator, objects *int) []string {
	var head metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(document, &head); err != nil {
		return []string{err.Error()}
	}
	if head.Kind == "" {
		return nil
	}
	*objects++
	name := head.Kind + "/" + head.Name
	object, err := types.New(head.GroupVersionKind())
	if err != nil {
		return []string{name + ": " + err.Error()}
	}
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return []string{name + ": " + err.Error()}
	}
	pod := podOf(object)
	if pod == nil {
		return nil
	}
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	result := policy.AggregateCheckResults(restricted.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
	if result.Allowed {
		return nil
	}
	return []string{name + ": not restricted: " + result.ForbiddenDetail()}
}

func podOf(object runtime.Object) *corev1.PodTemplateSpec {
	switch typed := object.(type) {
	case *appsv1.Deployment:
		return &typed.Spec.Template
	case *batchv1.Job:
		return &typed.Spec.Template
	case *corev1.Pod:
		return &corev1.PodTemplateSpec{ObjectMeta: typed.ObjectMeta, Spec: typed.Spec}
	}
	return nil
}
