#!/usr/bin/env bash
# build-telegraf.sh: Telegraf's agent with its libvirt input and its file output, from Go modules, kept in the
# cache. Go 1.26; some 3 min cold on two cores, 17 MB. Idempotent.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin
STAMP=$(cat "$HERE"/telegraf/* | sha256sum | cut -c1-16)
[ -x "$BIN/telegraf" ] && [ "$(cat "$BIN/telegraf.stamp" 2>/dev/null)" = "$STAMP" ] && { echo "$BIN/telegraf is there"; exit 0; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$BIN"
cp "$HERE"/telegraf/* "$WORK"
cd "$WORK"
go build -mod=mod -buildvcs=false -ldflags '-s -w' -o "$BIN/telegraf.new" .
mv "$BIN/telegraf.new" "$BIN/telegraf"
echo "$STAMP" > "$BIN/telegraf.stamp"
"$BIN/telegraf" --version
