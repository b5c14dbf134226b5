#!/usr/bin/env bash
# start-vcsim.sh: the vCenter simulator of build-vcsim.sh on loopback, over TLS with a certificate of its own: 4 hosts, 300
# machines, user u, password p. Idempotent. Env: VCSIM_PORT=18989 VCSIM_MACHINES=300 VCSIM_HOSTS=4 VCSIM_DIR SVC_RUN
set -euo pipefail
BINARY=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin/vcsim
DIR=${VCSIM_DIR:-${SVC_RUN:-${TMPDIR:-/tmp}/hypermeter-services}/vcsim}
PORT=${VCSIM_PORT:-18989}
if [ -f "$DIR/pid" ] && kill -0 "$(cat "$DIR/pid")" 2>/dev/null; then
  echo "vcsim already up, pid $(cat "$DIR/pid")"
  exit 0
fi
mkdir -p "$DIR"
setsid "$BINARY" -l "127.0.0.1:$PORT" -cluster 1 -host "${VCSIM_HOSTS:-4}" -standalone-host 0 -vm "${VCSIM_MACHINES:-300}" \
  -username u -password p > "$DIR/vcsim.log" 2>&1 < /dev/null &
echo $! > "$DIR/pid"
for _ in $(seq 600); do
  (exec 3<> "/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && { echo "vcsim up: https://u:p@127.0.0.1:$PORT/sdk, pid $(cat "$DIR/pid")"; exit 0; }
  kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
  sleep 0.1
done
tail -30 "$DIR/vcsim.log"
exit 1
