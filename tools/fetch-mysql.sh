#!/usr/bin/env bash
# Puts a MySQL server beside the system, for the tests: Debian's stable releases have MariaDB only, its unstable one has
# MySQL. The packages come from the mirror that this system's apt uses already, checked by the same keys, and are only
# unpacked: the server runs with the libraries that came with it, and the system's packages stay as they are.
# Prints the path of a mysqld. Does nothing when there is one. Needs apt (Debian, amd64 or arm64); no root.
set -euo pipefail

root=${COLLOQUY_MYSQL:-${XDG_CACHE_HOME:-$HOME/.cache}/colloquy/mysql}
if [ -x "$root/mysqld" ] && "$root/mysqld" --version >/dev/null 2>&1; then
  echo "$root/mysqld"
  exit
fi

missing() {
  echo "No MySQL server: $1" >&2
  exit 1
}
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  missing 'this system has no apt. Install MySQL 8.0 or later yourself; its mysqld is found on the PATH.'
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | sort -u | head -n 1)
[ -n "$mirror" ] || missing 'apt knows no Debian mirror here (apt-get update may help). Install MySQL 8.0 or later yourself.'

draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
mkdir -p "$draft"/{state/lists/partial,cache/archives/partial,etc,server}
: >"$draft/state/status"
: >"$draft/etc/none"
mkdir "$draft/etc/none.d"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$draft/etc/sources.list"
options=(
  -q
  -o "Dir::Etc::SourceList=$draft/etc/sources.list" -o "Dir::Etc::SourceParts=$draft/etc/none.d"
  -o "Dir::Etc::Preferences=$draft/etc/none" -o "Dir::Etc::PreferencesParts=$draft/etc/none.d"
  -o "Dir::State=$draft/state" -o "Dir::State::Status=$draft/state/status" -o "Dir::Cache=$draft/cache"
  -o Debug::NoLocking=true -o APT::Sandbox::User=
  # A mirror's copy of unstable may be some weeks old; who signed it is checked all the same.
  -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none
  -o Acquire::Retries=3
)
apt-get "${options[@]}" update >&2 || missing 'the mirror does not answer.'
apt-get "${options[@]}" install -y --no-install-recommends --download-only mysql-server-core mysql-client-core >&2 ||
  missing 'the unstable release has no mysql-server-core now.'
for package in "$draft"/cache/archives/*.deb; do dpkg-deb -x "$package" "$draft/server"; done
# What was a directory may be a link where / and /usr are one.
libraries=$(basename "$(dirname "$(find "$draft/server" -name 'libc.so.6' | head -n 1)")")
loader=$(cd "$draft/server" && find . -name 'ld-linux-*.so.*' | head -n 1)
cat >"$draft/server/mysqld" <<'SCRIPT'
#!/bin/sh
# This mysqld with the loader and the libraries that it was built with.
here=$(dirname "$(readlink -f "$0")")
[ "${1-}" = --no-defaults ] && shift
exec "$here/LOADER" --library-path "$here/usr/lib/LIBRARIES:$here/lib/LIBRARIES" "$here/usr/sbin/mysqld" --no-defaults \
  --basedir="$here/usr" --lc-messages-dir="$here/usr/share/mysql" --plugin-dir="$here/usr/lib/mysql/plugin" \
  --secure-file-priv=NULL "$@"
SCRIPT
sed -i "s|LOADER|$loader|; s|LIBRARIES|$libraries|g" "$draft/server/mysqld"
chmod +x "$draft/server/mysqld"
"$draft/server/mysqld" --version >&2 || missing 'what was fetched does not run.'
mkdir -p "$(dirname "$root")"
rm -rf "$root"
mv "$draft/server" "$root"
echo "$root/mysqld"
