#!/usr/bin/env bash
# start-prometheus.sh [2|3]: a Prometheus of its own on loopback that takes remote-write and scrapes nothing. Idempotent.
# 2 is Debian's (2.42: remote-write 1.0 alone), 3 the one of build-prometheus.sh (remote-write 2.0 and OTLP).
# Env: PROMETHEUS_PORT=19392 or 19393, PROMETHEUS_DIR SVC_RUN
set -euo pipefail
MAJOR=${1:-2}
DIR=${PROMETHEUS_DIR:-${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}/prometheus$MAJOR}
PORT=${PROMETHEUS_PORT:-1939$MAJOR}
case $MAJOR in
  2) BINARY=prometheus OPTIONS=() ;;
  3)
    BINARY=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin/prometheus
    # So that queries show what else it was told: a 0 since when a counter counts, types and units.
    OPTIONS=(--web.enable-otlp-receiver --enable-feature=created-timestamp-zero-ingestion,type-and-unit-labels)
    ;;
  *) echo 'start-prometheus.sh [2|3]' >&2 && exit 64 ;;
esac
if [ -f "$DIR/pid" ] && kill -0 "$(cat "$DIR/pid")" 2>/dev/null; then
  echo "prometheus $MAJOR already up, pid $(cat "$DIR/pid")"
  exit 0
fi
mkdir -p "$DIR"
echo 'global: {}' > "$DIR/prometheus.yml"
cd "$DIR"
setsid "$BINARY" --config.file="$DIR/prometheus.yml" --storage.tsdb.path="$DIR/data" \
  --web.listen-address="127.0.0.1:$PORT" --web.enable-remote-write-receiver "${OPTIONS[@]}" \
  > "$DIR/prometheus.log" 2>&1 < /dev/null &
echo $! > "$DIR/pid"
for _ in $(seq 300); do
  curl -sf "http://127.0.0.1:$PORT/-/ready" > /dev/null && { echo "prometheus $MAJOR up: 127.0.0.1:$PORT, pid $(cat "$DIR/pid")"; exit 0; }
  kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
  sleep 0.1
done
tail -30 "$DIR/prometheus.log"
exit 1
