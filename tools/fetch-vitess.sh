#!/usr/bin/env bash
# Builds programs of Vitess 24 from its Go module, for what is tried with it: vtexplain unless others are named (vtgate,
# vttablet, vtctldclient; etcd). Prints where they are; does nothing for those that are there. Needs Go 1.26.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${COLLOQUY_VITESS:-${XDG_CACHE_HOME:-$HOME/.cache}/colloquy/vitess}
mkdir -p "$folder"
[ $# -gt 0 ] || set -- vtexplain
for name in "$@"; do
  [ ! -x "$folder/$name" ] || continue
  command -v go >/dev/null || {
    echo "No $name: Go 1.26 is needed to build it." >&2
    exit 1
  }
  if [ "$name" = etcd ]; then
    (cd test/chart/api-server/etcd && go build -trimpath -o "$folder/etcd" go.etcd.io/etcd/server/v3)
  else
    (cd test/vitess && go build -trimpath -ldflags='-s -w' -o "$folder/$name" "vitess.io/vitess/go/cmd/$name")
  fi
done
echo "$folder"
