#!/usr/bin/env bash
# Builds etcd and kube-apiserver from their Go modules into build/chart-tools/bin, for try.sh. Half an hour on two cores, 4 GiB.
set -euo pipefail
cd "$(dirname "$0")"
bin=$(realpath -m ../../../build/chart-tools/bin)
(cd etcd && go build -o "$bin/etcd" go.etcd.io/etcd/server/v3)
version=$(cd apiserver && go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
package=k8s.io/component-base/version
(cd apiserver && go build -o "$bin/kube-apiserver" \
  -ldflags "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}" \
  k8s.io/kubernetes/cmd/kube-apiserver)
