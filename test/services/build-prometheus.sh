#!/usr/bin/env bash
# build-prometheus.sh: Prometheus 3.13, which takes remote-write 2.0 and OTLP, from its Go module, without discovery and web
# pages, kept in the cache. Go 1.26; some 3 min cold on two cores, 49 MB. Idempotent.
set -euo pipefail
VERSION=v0.313.5
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin
[ -x "$BIN/prometheus" ] && [ "$(cat "$BIN/prometheus.stamp" 2>/dev/null)" = "$VERSION" ] && { echo "$BIN/prometheus is there"; exit 0; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$BIN"
cd "$WORK"
printf 'module local/none\n\ngo 1.26\n' > go.mod
go mod download "github.com/prometheus/prometheus@$VERSION"
MODULE=$(go env GOMODCACHE)/github.com/prometheus/prometheus@$VERSION
# Its own requirements and exclusions count only in a main module, so its main program is built in one that has them.
sed 's/^module .*/module local\/prometheus/' "$MODULE/go.mod" > go.mod
go mod edit -require "github.com/prometheus/prometheus@$VERSION"
install -m 644 "$MODULE/go.sum" go.sum
install -m 644 "$MODULE/cmd/prometheus/main.go" main.go
go build -mod=mod -buildvcs=false -tags remove_all_sd -ldflags '-s -w' -o "$BIN/prometheus.new" .
mv "$BIN/prometheus.new" "$BIN/prometheus"
echo "$VERSION" > "$BIN/prometheus.stamp"
