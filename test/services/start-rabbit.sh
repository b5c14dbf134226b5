#!/usr/bin/env bash
# start-rabbit.sh: a RabbitMQ node of its own (plain and TLS) as a plain process on loopback. Idempotent.
# Env: RABBIT_PORT=15673 RABBIT_TLS_PORT=15671 RABBIT_DIST_PORT=25673 EPMD_PORT=14369 RABBIT_DIR TLS_DIR SVC_RUN
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
DIR=${RABBIT_DIR:-${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}/rabbit}; PORT=${RABBIT_PORT:-15673}; TLSPORT=${RABBIT_TLS_PORT:-15671}; TLS=${TLS_DIR:-${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}/tls}
mkdir -p "$DIR/mnesia" "$DIR/log" "$DIR/home"; "$HERE/make-ca.sh" "$TLS"
if [ -f "$DIR/pid" ] && kill -0 "$(cat "$DIR/pid")" 2>/dev/null; then echo "rabbit already up, pid $(cat "$DIR/pid")"; exit 0; fi
cat > "$DIR/rabbitmq.conf" <<EOF
listeners.tcp.1 = 127.0.0.1:$PORT
listeners.ssl.1 = 127.0.0.1:$TLSPORT
ssl_options.cacertfile = $TLS/ca.crt
ssl_options.certfile   = $TLS/server.crt
ssl_options.keyfile    = $TLS/server.key
ssl_options.verify     = verify_peer
ssl_options.fail_if_no_peer_cert = false
log.console = true
log.console.level = info
log.file = false
EOF
: > "$DIR/enabled_plugins"; echo '[].' > "$DIR/enabled_plugins"
cat > "$DIR/env" <<EOF
export HOME=$DIR/home
export RABBITMQ_NODENAME=svc@localhost
export RABBITMQ_NODE_PORT=$PORT
export RABBITMQ_DIST_PORT=${RABBIT_DIST_PORT:-25673}
export ERL_EPMD_PORT=${EPMD_PORT:-14369}
export ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_MNESIA_BASE=$DIR/mnesia
export RABBITMQ_LOG_BASE=$DIR/log
export RABBITMQ_CONFIG_FILE=$DIR/rabbitmq
export RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_ENABLED_PLUGINS_FILE=$DIR/enabled_plugins
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
export RABBITMQ_PID_FILE=$DIR/rabbit.pid
EOF
. "$DIR/env"
cd "$DIR"
setsid /usr/lib/rabbitmq/bin/rabbitmq-server > "$DIR/rabbit.log" 2>&1 < /dev/null &
echo $! > "$DIR/pid"
for _ in $(seq 600); do
  grep -q 'Server startup complete' "$DIR/rabbit.log" && { echo "rabbit up: 127.0.0.1:$PORT, TLS $TLSPORT, pid $(cat "$DIR/pid")"; exit 0; }
  kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
  sleep 0.1
done
tail -30 "$DIR/rabbit.log"; exit 1
