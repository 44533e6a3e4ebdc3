#!/usr/bin/env bash
# A Vitess of one keyspace, colloquy, in two shards by deploy/vitess/vschema.json: etcd, vtgate, and for each shard a
# primary and two replicas (semi-synchronous), each with a MySQL server of its own. All of it on loopback, 3 GB of memory.
#
#   test/vitess/cluster.sh up DIRECTORY     starts it and prints its URL
#   test/vitess/cluster.sh ctl DIRECTORY …  a command of vtctldclient, such as PlannedReparentShard
#   test/vitess/cluster.sh vtgate DIRECTORY starts vtgate again, where it was killed
#   test/vitess/cluster.sh tablet DIRECTORY UID SHARD  a vttablet likewise
#   test/vitess/cluster.sh down DIRECTORY   ends it and removes the directory
#
# Needs tools/fetch-vitess.sh etcd vtgate vttablet vtctldclient, and MySQL by tools/fetch-mysql.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
command=$1 directory=$(realpath -m "$2")
shift 2

programs=${COLLOQUY_VITESS:-${XDG_CACHE_HOME:-$HOME/.cache}/colloquy/vitess}
mysqld=${COLLOQUY_MYSQL:-${XDG_CACHE_HOME:-$HOME/.cache}/colloquy/mysql}/mysqld
# Vitess does not run as root.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
  unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  bin=$directory/bin # nobody may not look into root's home
else
  bin=$programs
fi

free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
# Starts a program and remembers its process.
start() {
  local name=$1
  shift
  setsid nohup "$@" >"$directory/$name.log" 2>&1 </dev/null &
  echo $! >"$directory/$name.pid"
}
until_true() {
  for _ in $(seq 300); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.2; done
  echo "Not so after a minute: $*" >&2
  exit 1
}
ctl() { "${unprivileged[@]}" "$bin/vtctldclient" --server=internal "${topo[@]}" "$@" 2>>"$directory/ctl.log"; }
sql() { mariadb --no-defaults --skip-ssl -uroot "$@"; }

start_mysqld() { # uid
  start "mysqld-$1" "$mysqld" --no-defaults --user="$(id -un)" --datadir="$directory/mysql-$1" \
    --socket="$directory/mysql-$1.socket" --port="$(cat "$directory/mysql-$1.port")" --bind-address=127.0.0.1 --mysqlx=OFF \
    --server-id="$1" --log-bin=bin --gtid-mode=ON --enforce-gtid-consistency=ON --log-replica-updates=ON \
    --character-set-server=utf8mb4 --default-time-zone=+00:00 --max-connections=500 --max-allowed-packet=64M \
    --plugin-load-add=semisync_source.so --plugin-load-add=semisync_replica.so --innodb-buffer-pool-size=128M --performance-schema=OFF --sync-binlog=0 --innodb-flush-log-at-trx-commit=0
}
start_tablet() { # uid shard
  local socket=$directory/mysql-$1.socket users=()
  for user in app dba allprivs repl filtered appdebug; do users+=("--db-$user-user=root"); done
  VTDATAROOT=$directory start "vttablet-$1" "${unprivileged[@]}" "$bin/vttablet" "${topo[@]}" --tablet-path="zone-$1" \
    --init-keyspace=colloquy --init-shard="$2" --init-tablet-type=replica --db-socket="$socket" "${users[@]}" \
    --mycnf-server-id="$1" --mycnf-mysql-port="$(cat "$directory/mysql-$1.port")" --mycnf-socket-file="$socket" \
    --mycnf-data-dir="$directory/mysql-$1" --tablet-hostname=127.0.0.1 --bind-address=127.0.0.1 --grpc-bind-address=127.0.0.1 \
    --port="$(free_port)" --grpc-port="$(free_port)" --service-map=grpc-queryservice,grpc-tabletmanager \
    --grpc-max-message-size=268435456 --queryserver-config-transaction-cap=200 --queryserver-config-pool-size=50 \
    --queryserver-config-transaction-timeout="${TRANSACTION_TIMEOUT:-10s}" \
    --restore-from-backup=false --health-check-interval=1s
}

up() {
  mkdir -p "$directory"
  chmod 777 "$directory"
  [ "$bin" = "$programs" ] || cp -r "$programs" "$bin"
  local etcd peer
  etcd=http://127.0.0.1:$(free_port) peer=http://127.0.0.1:$(free_port)
  echo "--topo-implementation=etcd2 --topo-global-server-address=${etcd#http://} --topo-global-root=/vitess" >"$directory/topo"
  read -ra topo <"$directory/topo"
  start etcd "$bin/etcd" --data-dir="$directory/etcd" --listen-client-urls="$etcd" --advertise-client-urls="$etcd" \
    --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" --initial-cluster="default=$peer" --unsafe-no-fsync
  "$mysqld" --no-defaults --user="$(id -un)" --initialize-insecure --datadir="$directory/empty" >"$directory/empty.init" 2>&1
  rm "$directory/empty/auto.cnf" # each server makes an id of its own
  for uid in 100 101 102 200 201 202; do
    cp -r "$directory/empty" "$directory/mysql-$uid"
    free_port >"$directory/mysql-$uid.port"
    start_mysqld "$uid"
  done
  until_true ctl AddCellInfo --root=/vitess/zone --server-address="${etcd#http://}" zone
  ctl CreateKeyspace --durability-policy=semi_sync colloquy >/dev/null
  ctl ApplyVSchema --vschema-file=deploy/vitess/vschema.json colloquy >/dev/null
  for uid in 100 101 102 200 201 202; do
    until_true sql -S "$directory/mysql-$uid.socket" -e \
      "SET sql_log_bin = 0; CREATE USER IF NOT EXISTS root@'127.0.0.1'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION; GRANT PROXY ON ''@'' TO root@'127.0.0.1' WITH GRANT OPTION"
    start_tablet "$uid" "$([ "$uid" -lt 200 ] && echo -80 || echo 80-)"
  done
  until_true ctl PlannedReparentShard colloquy/-80 --new-primary=zone-100
  until_true ctl PlannedReparentShard colloquy/80- --new-primary=zone-200
  free_port >"$directory/vtgate.port"
  start_vtgate
}

start_vtgate() {
  local port
  port=$(cat "$directory/vtgate.port")
  start vtgate "${unprivileged[@]}" "$bin/vtgate" "${topo[@]}" --cell=zone --cells-to-watch=zone --tablet-types-to-wait=PRIMARY \
    --mysql-server-port="$port" --mysql-server-bind-address=127.0.0.1 --mysql-auth-server-impl=none --port="$(free_port)" \
    --bind-address=127.0.0.1 --grpc-bind-address=127.0.0.1 --grpc-port="$(free_port)" --service-map=grpc-vtgateservice \
    --grpc-max-message-size=268435456 --enable-buffer --mysql-server-version=8.4.6-Vitess
  until_true sql -h127.0.0.1 -P"$port" -e 'SHOW TABLES' colloquy
  echo "mysql://app@127.0.0.1:$port/colloquy"
}

down() {
  for pid in "$directory"/*.pid; do kill -9 "$(cat "$pid")" 2>/dev/null || true; done
  rm -rf "$directory"
}

case $command in
  up) up ;;
  down) down ;;
  ctl | vtgate | tablet)
    read -ra topo <"$directory/topo"
    case $command in ctl) ctl "$@" ;; vtgate) start_vtgate ;; tablet) start_tablet "$@" ;; esac
    ;;
esac
