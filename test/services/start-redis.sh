#!/usr/bin/env bash
# start-redis.sh: a Redis server with an append-only file (plain and TLS), a sentinel that watches it, and a cluster of
# three nodes. Idempotent. Env: REDIS_PORT=16379 (TLS +1, sentinel +2, cluster +10 +11 +12) REDIS_DIR TLS_DIR SVC_RUN
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
RUN=${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}
DIR=${REDIS_DIR:-$RUN/redis}; TLS=${TLS_DIR:-$RUN/tls}; P=${REDIS_PORT:-16379}
mkdir -p "$DIR"; "$HERE/make-ca.sh" "$TLS"
alive() { [ -f "$1" ] && grep -qs '^State:[[:space:]][^Z]' "/proc/$(cat "$1")/status"; }
answers() { redis-cli -p "$1" ping 2>/dev/null | grep -q PONG; }

# name port [setting…]: one server of its own directory.
server() {
  local name=$1 port=$2 home=$DIR/$1
  shift 2
  alive "$home/pid" && return 0
  mkdir -p "$home"
  printf '%s\n' "bind 127.0.0.1" "port $port" "dir $home" 'save ""' "appendonly yes" "daemonize no" "$@" > "$home/redis.conf"
  setsid redis-server "$home/redis.conf" > "$home/log" 2>&1 < /dev/null &
  echo $! > "$home/pid"
  for _ in $(seq 200); do answers "$port" && return 0; sleep 0.05; done
  tail -20 "$home/log"; exit 1
}

server main "$P" "tls-port $((P + 1))" "tls-cert-file $TLS/server.crt" "tls-key-file $TLS/server.key" \
  "tls-ca-cert-file $TLS/ca.crt" "tls-auth-clients optional" "user metering on >metering-secret ~* +@all"
for n in 0 1 2; do
  server "node$n" $((P + 10 + n)) "cluster-enabled yes" "cluster-config-file nodes.conf" "cluster-node-timeout 5000" \
    "cluster-port $((P + 20 + n))" "appendfsync always"
done
if ! redis-cli -p $((P + 10)) cluster info | grep -q 'cluster_slots_assigned:16384'; then
  redis-cli --cluster create 127.0.0.1:$((P + 10)) 127.0.0.1:$((P + 11)) 127.0.0.1:$((P + 12)) --cluster-yes > "$DIR/cluster.log"
fi
for _ in $(seq 200); do redis-cli -p $((P + 10)) cluster info | grep -q 'cluster_state:ok' && break; sleep 0.05; done
if ! alive "$DIR/sentinel/pid"; then
  mkdir -p "$DIR/sentinel"
  printf '%s\n' "bind 127.0.0.1" "port $((P + 2))" "dir $DIR/sentinel" "sentinel monitor hypermeter 127.0.0.1 $P 1" > "$DIR/sentinel/sentinel.conf"
  setsid redis-sentinel "$DIR/sentinel/sentinel.conf" > "$DIR/sentinel/log" 2>&1 < /dev/null &
  echo $! > "$DIR/sentinel/pid"
  for _ in $(seq 200); do answers $((P + 2)) && break; sleep 0.05; done
fi
echo "redis up: 127.0.0.1:$P, TLS $((P + 1)), sentinel $((P + 2)), cluster $((P + 10)) to $((P + 12))"
