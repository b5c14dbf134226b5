#!/usr/bin/env bash
# build-vcsim.sh: govmomi's vCenter simulator (0.56, and 0.38 as vcsim-0.38, which behaves otherwise) and its client govc,
# from the Go module proxy, kept in the cache. Go >= 1.25; some 3 min cold on two cores. Idempotent.
set -euo pipefail
LIBRARY=v0.56.0
# The newest release whose main programs are part of the module; those of later ones are modules with replacements, which
# cannot be fetched. They are thin, so this release's are built upon the newest library.
MAINS=v0.46.3
OLD=v0.38.0
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin
STAMP="$LIBRARY $MAINS $OLD"
[ -x "$BIN/vcsim" ] && [ -x "$BIN/govc" ] && [ -x "$BIN/vcsim-0.38" ] &&
  [ "$(cat "$BIN/vcsim.stamp" 2>/dev/null)" = "$STAMP" ] && { echo "$BIN/vcsim is there"; exit 0; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$BIN" "$WORK/mains" "$WORK/vcsim" "$WORK/govc"

cd "$WORK/mains"
printf 'module local/mains\n\ngo 1.25\n' > go.mod
go mod download "github.com/vmware/govmomi@$MAINS"
SOURCE=$(go env GOMODCACHE)/github.com/vmware/govmomi@$MAINS
# What moved between the two releases: the registry of the simulator, and the commands of govc.
sed 's/simulator\.Map,/model.Service.Context.Map,/' "$SOURCE/vcsim/main.go" > "$WORK/vcsim/main.go"
sed -e 's#govmomi/govc/cli"#govmomi/cli"#' -e 's#govmomi/govc/#govmomi/cli/#' \
  -e '/govmomi\/cli\/ls"/d' "$SOURCE/govc/main.go" > "$WORK/govc/main.go"

for tool in vcsim govc; do
  cd "$WORK/$tool"
  printf 'module local/%s\n\ngo 1.25\n\nrequire github.com/vmware/govmomi %s\n' "$tool" "$LIBRARY" > go.mod
  go mod tidy > "$WORK/tidy.log" 2>&1 || { cat "$WORK/tidy.log"; exit 1; }
  go build -buildvcs=false -ldflags '-s -w' -o "$BIN/$tool.new" .
  mv "$BIN/$tool.new" "$BIN/$tool"
done
GOBIN=$WORK/old go install -buildvcs=false -ldflags '-s -w' "github.com/vmware/govmomi/vcsim@$OLD"
install "$WORK/old/vcsim" "$BIN/vcsim-0.38.new"
mv "$BIN/vcsim-0.38.new" "$BIN/vcsim-0.38"
echo "$STAMP" > "$BIN/vcsim.stamp"
"$BIN/govc" version
