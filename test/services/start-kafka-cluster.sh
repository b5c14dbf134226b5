#!/usr/bin/env bash
# start-kafka-cluster.sh [NODE...]: real Kafka brokers that are one cluster (KRaft, each broker and controller; PLAINTEXT
# only); those of them that are not up. Of three, topics get three replicas, two of which must be in sync. Prints the
# bootstrap servers.
# Env: KAFKA_NODES=3 (or 1)   KAFKA_HOME as for start-kafka.sh   KAFKA_DIR (1, 2, 3 below it: config, data, log, pid)
#      KAFKA_HOST=127.0.0.1   KAFKA_PORT=19792: node N on KAFKA_PORT + 2 (N - 1), its controller on the next; KAFKA_HEAP=256m
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
HOME_DIR=${KAFKA_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/kafka}
DIR=${KAFKA_DIR:-${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}/kafka-cluster}
HOST=${KAFKA_HOST:-127.0.0.1} P=${KAFKA_PORT:-19792} N=${KAFKA_NODES:-3}
NEEDED=$((N > 2 ? 2 : 1))
port() { echo $((P + 2 * ($1 - 1))); }
commas() { local IFS=,; echo "$*"; }
# A process that was killed stays a zombie until its parent has noticed: that is no broker.
alive() { [ -f "$DIR/$1/pid" ] && grep -qs '^State:[[:space:]][^Z]' "/proc/$(cat "$DIR/$1/pid")/status"; }
[ -d "$HOME_DIR/lib" ] || (mkdir -p "$HOME_DIR" && cp "$HERE/kafka-pom.xml" "$HOME_DIR/pom.xml" && cd "$HOME_DIR" && mvn -B -q -ntp dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib)
JAVA=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto "-Dorg.slf4j.simpleLogger.defaultLogLevel=${KAFKA_LOG:-warn}" -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info -cp "$HOME_DIR/lib/*")

voters=() brokers=() all=()
for ((node = 1; node <= N; node++)); do
  all+=("$node")
  voters+=("$node@$HOST:$(($(port "$node") + 1))")
  brokers+=("$HOST:$(port "$node")")
done

start() { # node
  local dir=$DIR/$1 at
  at=$(port "$1")
  mkdir -p "$dir"
  cat > "$dir/server.properties" <<EOF
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$(commas "${voters[@]}")
listeners=PLAINTEXT://$HOST:$at,CONTROLLER://$HOST:$((at + 1))
advertised.listeners=PLAINTEXT://$HOST:$at
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
default.replication.factor=$N
min.insync.replicas=$NEEDED
num.partitions=4
offsets.topic.replication.factor=$N
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$N
transaction.state.log.min.isr=$NEEDED
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$N
share.coordinator.state.topic.min.isr=$NEEDED
group.initial.rebalance.delay.ms=0
EOF
  # The cluster's id (any 22-character base64url uuid) is the same for all of them.
  [ -f "$dir/data/meta.properties" ] || "${JAVA[@]}" kafka.tools.StorageTool format -t "${KAFKA_CLUSTER_ID:-GzKM6oGMQXq4b_R6_J04gw}" -c "$dir/server.properties" >&2
  : > "$dir/kafka.log" # the last start's must not be taken for this one's
  setsid "${JAVA[@]}" -Xms96m -Xmx"${KAFKA_HEAP:-256m}" kafka.Kafka "$dir/server.properties" > "$dir/kafka.log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
}

[ "$#" -gt 0 ] || set -- "${all[@]}"
waited=()
for node; do
  alive "$node" && continue
  start "$node"
  waited+=("$node")
done
# More than half of them are a quorum: none is up before that.
for node in "${waited[@]}"; do
  for _ in $(seq 900); do
    grep -q 'Kafka Server started' "$DIR/$node/kafka.log" && continue 2
    alive "$node" || break
    sleep 0.1
  done
  tail -30 "$DIR/$node/kafka.log" >&2
  exit 1
done
commas "${brokers[@]}"
