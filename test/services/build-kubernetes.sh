#!/usr/bin/env bash
# build-kubernetes.sh [node]: Kubernetes from Go modules, kept in the cache; the tests start it. etcd and the API server; with
# `node` also the controllers, the scheduler, the kubelet, kube-proxy, CoreDNS and the container that holds a pod open.
# Go >= 1.25; on two cores, cold, some 15 min for the first and 10 min more for `node`. Versions are pinned: the proxy lists
# none. Idempotent. Env: GOPROCS=2 how much is compiled at once.
set -euo pipefail
KUBERNETES=1.35.2
ETCD=v3.6.7
COREDNS=v1.12.4
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/hypermeter/bin
NODE=(kube-controller-manager kube-scheduler kubelet kube-proxy coredns pause)
WHAT=${1:-server}
case $WHAT in server | node) ;; *) echo 'build-kubernetes.sh [node]' >&2 && exit 64 ;; esac

# A set of programs is there if all are and its stamp says the versions.
there() { # stamp versions program...
  local program
  for program in "${@:3}"; do [ -x "$BIN/$program" ] || return 1; done
  [ "$(cat "$BIN/$1.stamp" 2>/dev/null)" = "$2" ]
}
SERVER_STAMP="kubernetes $KUBERNETES etcd $ETCD"
NODE_STAMP="kubernetes $KUBERNETES coredns $COREDNS"
server_is_there() { there kubernetes "$SERVER_STAMP" etcd kube-apiserver; }
node_is_there() { there node "$NODE_STAMP" "${NODE[@]}"; }
if server_is_there && { [ "$WHAT" = server ] || node_is_there; }; then
  echo "$BIN/kube-apiserver is there"
  exit 0
fi

WORK=$(mktemp -d)
trap 'chmod -R u+w "$WORK" && rm -rf "$WORK"' EXIT
mkdir -p "$BIN" "$WORK/etcd" "$WORK/kubernetes" "$WORK/coredns" "$WORK/pause"
export GOFLAGS="-p=${GOPROCS:-2} -mod=mod"

# These modules replace others by folders beside them, so none can be built by name: a module of our own takes over what
# they require, at the versions that their releases carry.
source_of() { # module version
  printf 'module local/fetch\n\ngo 1.25\n' > go.mod
  go mod download "$1@$2"
  MODULE=$(go env GOMODCACHE)/$1@$2
}
required() { awk '/^require \(/ { inside = 1 } inside { print } /^\)/ { inside = 0 }' "$MODULE/go.mod"; }
build() { # program package [ldflags]
  go build -buildvcs=false -ldflags "-s -w ${3:-}" -o "$BIN/$1.new" "$2"
  mv "$BIN/$1.new" "$BIN/$1"
}

etcd() {
  cd "$WORK/etcd"
  source_of go.etcd.io/etcd/server/v3 "$ETCD"
  {
    echo 'module local/etcd'
    grep '^go ' "$MODULE/go.mod"
    echo "require go.etcd.io/etcd/server/v3 $ETCD"
    required | sed -E "s#(go.etcd.io/etcd/[a-z/]+v3) v[0-9.]+#\1 $ETCD#"
  } > go.mod
  install -m 644 "$MODULE/go.sum" go.sum
  cat > main.go << 'GO'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
GO
  build etcd .
}

kubernetes() { # program...
  cd "$WORK/kubernetes"
  source_of k8s.io/kubernetes "v$KUBERNETES"
  local staging=v0.${KUBERNETES#1.} version=k8s.io/component-base/version program
  {
    echo 'module local/kubernetes'
    grep '^go ' "$MODULE/go.mod"
    echo "require k8s.io/kubernetes v$KUBERNETES"
    required | sed -E "s#^(\s*k8s\.io/[a-z-]+) v0\.0\.0( //.*)?\$#\1 $staging#"
    echo 'replace ('
    # Some of them were not published at this version; the patch before it does.
    grep -oP '^\s*k8s\.io/[a-z-]+(?= => \./staging)' "$MODULE/go.mod" |
      awk -v now="$staging" '{ v = now; if ($1 ~ /endpointslice|externaljwt|kube-controller-manager/) v = "v0.35.1"; print "\t" $1 " => " $1 " " v }'
    echo ')'
  } > go.mod
  install -m 644 "$MODULE/go.sum" go.sum
  for program; do
    build "$program" "k8s.io/kubernetes/cmd/$program" \
      "-X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=35"
  done
}

# Names of Services and pods, and nothing else of CoreDNS: the node has no way out.
coredns() {
  cd "$WORK/coredns"
  source_of github.com/coredns/coredns "$COREDNS"
  {
    echo 'module local/coredns'
    grep '^go ' "$MODULE/go.mod"
    echo "require github.com/coredns/coredns $COREDNS"
    required
    grep '^replace' "$MODULE/go.mod" || true
  } > go.mod
  install -m 644 "$MODULE/go.sum" go.sum
  cat > main.go << 'GO'
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	dnsserver.Directives = []string{"bind", "errors", "cache", "kubernetes"}
	coremain.Run()
}
GO
  build coredns .
}

# Holds a pod's namespaces open until it is told to stop, and reaps what is left to it.
pause() {
  cd "$WORK/pause"
  printf 'module local/pause\n\ngo 1.25\n' > go.mod
  cat > main.go << 'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
GO
  CGO_ENABLED=0 build pause .
}

if ! server_is_there; then
  etcd
  kubernetes kube-apiserver
  echo "$SERVER_STAMP" > "$BIN/kubernetes.stamp"
fi
if [ "$WHAT" = node ]; then
  # The quickest first: what is cut short goes on with what it has compiled when it is called again.
  pause
  kubernetes kube-proxy kube-scheduler kube-controller-manager kubelet
  coredns
  echo "$NODE_STAMP" > "$BIN/node.stamp"
fi
"$BIN/kube-apiserver" --version
