#!/usr/bin/env bash
# Installs the chart into a real API server with etcd, upgrades it and rolls it back, and prints what the server said.
# There are no controllers and no nodes: what a controller would do with the migration Job, say that it is done, is done here.
# Needs what test/chart/install-tools.sh and build.sh beside this file bring, and Python 3 with PyYAML.
# HTTPRoute is tried too where HTTPROUTE_CRD names the file of its definition.
set -Eeuo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
PATH="$repo/build/chart-tools/bin:$PATH"
chart=$repo/deploy/helm/colloquy
work=$(mktemp -d)
port() { node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })"; }
processes=()
end() {
  for process in "${processes[@]}"; do kill "$process" 2>>"$work/kill" || true; done
  rm -rf "$work"
}
trap end EXIT

say() { printf '\n$ %s\n' "$*"; "$@" 2>&1; }

client=$(port) peer=$(port) secure=$(port)
etcd --data-dir "$work/etcd" --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
  --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
  --initial-cluster "default=http://127.0.0.1:$peer" >"$work/etcd.log" 2>&1 &
processes+=($!)

openssl genrsa -out "$work/sa.key" 2048 2>"$work/openssl"
echo 'token-of-this-test,admin,admin,"system:masters"' >"$work/tokens"
kube-apiserver --etcd-servers "http://127.0.0.1:$client" --bind-address 127.0.0.1 --secure-port "$secure" --cert-dir "$work/certs" \
  --token-auth-file "$work/tokens" --authorization-mode RBAC --service-cluster-ip-range 10.96.0.0/16 \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$work/sa.key" \
  --service-account-signing-key-file "$work/sa.key" >"$work/apiserver.log" 2>&1 &
processes+=($!)

export KUBECONFIG=$work/kubeconfig
kubectl config set-cluster c --server "https://127.0.0.1:$secure" --insecure-skip-tls-verify=true >"$work/out"
kubectl config set-credentials admin --token token-of-this-test >"$work/out"
kubectl config set-context c --cluster c --user admin --namespace colloquy >"$work/out"
kubectl config use-context c >"$work/out"
for _ in $(seq 240); do
  kubectl get --raw /readyz >"$work/out" 2>&1 && break
  kill -0 "${processes[1]}" || { tail -20 "$work/apiserver.log"; exit 1; }
  sleep 0.5
done
kubectl get --raw /readyz >"$work/out" || { tail -20 "$work/apiserver.log"; exit 1; }
say kubectl version | grep Server

kubectl create namespace colloquy >"$work/out"
say kubectl label namespace colloquy pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted
kubectl create serviceaccount default >"$work/out" 2>&1 || true
if [ -n "${HTTPROUTE_CRD:-}" ]; then kubectl apply --server-side -f "$HTTPROUTE_CRD" >"$work/out"; fi

# The part of the Job controller and the kubelet.
(
  while sleep 0.3; do
    for job in $(kubectl get jobs -o name 2>>"$work/jobs"); do
      kubectl patch "$job" --subresource status --type merge -p "{\"status\":{\"startTime\":\"$(date -u +%FT%TZ)\",\"completionTime\":\"$(date -u +%FT%TZ)\",\"succeeded\":1,\"uncountedTerminatedPods\":{},\"conditions\":[{\"type\":\"SuccessCriteriaMet\",\"status\":\"True\",\"lastProbeTime\":\"$(date -u +%FT%TZ)\",\"lastTransitionTime\":\"$(date -u +%FT%TZ)\"},{\"type\":\"Complete\",\"status\":\"True\",\"lastProbeTime\":\"$(date -u +%FT%TZ)\",\"lastTransitionTime\":\"$(date -u +%FT%TZ)\"}]}}" >>"$work/jobs" 2>&1 || true
    done
  done
) &
processes+=($!)

values=$chart/ci/minimal-values.yaml
full=(--set image.repository=registry.example/colloquy --set serviceMonitor.enabled=false --set alerts.enabled=false --set worker.enabled=true --set autoscaling.enabled=true)
[ -z "${HTTPROUTE_CRD:-}" ] || full+=(--set httpRoute.enabled=true --set 'httpRoute.parentRefs[0].name=public')
say helm install colloquy "$chart" --namespace colloquy --values "$values" --timeout 60s | grep -E '^\$|STATUS|REVISION|Error|warning' || { tail -3 "$work/jobs"; exit 1; }
say kubectl get deployment,service,ingress,pdb,networkpolicy,serviceaccount -o name
say helm upgrade colloquy "$chart" --namespace colloquy --values "$values" "${full[@]}" --timeout 60s | grep -E '^\$|STATUS|REVISION|Error|warning'
say kubectl get deployment,service,hpa,pdb -o name
[ -z "${HTTPROUTE_CRD:-}" ] || say kubectl get httproute -o name
say helm rollback colloquy 1 --namespace colloquy --timeout 60s
say kubectl get deployment,hpa,pdb -o name
say helm history colloquy --namespace colloquy

# Pods are made by controllers, which are not here: the rendered templates are offered to the server as pods.
pods() {
  helm template colloquy "$chart" --namespace colloquy --values "$1" --set serviceMonitor.enabled=false "${@:2}" |
    python3 -c '
import sys, json, yaml
for document in yaml.safe_load_all(sys.stdin):
    if document and document["kind"] in ("Deployment", "Job"):
        template = document["spec"]["template"]
        template["metadata"]["name"] = document["metadata"]["name"]
        print("---"); print(json.dumps({"apiVersion": "v1", "kind": "Pod", **template}))'
}
kubectl create serviceaccount colloquy >"$work/out" 2>&1 || true
kubectl create serviceaccount talk >"$work/out" 2>&1 || true
kubectl create priorityclass important --value=1000 >"$work/out" 2>&1 || true
for file in "$chart"/ci/*-values.yaml; do
  printf '\n$ kubectl create -f pods-of-%s --dry-run=server\n' "$(basename "$file")"
  pods "$file" | kubectl create --dry-run=server -f - 2>&1
done
printf '\n$ the same with containerSecurityContext.allowPrivilegeEscalation=true\n'
if pods "$values" --set containerSecurityContext.allowPrivilegeEscalation=true | kubectl create --dry-run=server -f - 2>&1; then exit 1; fi
