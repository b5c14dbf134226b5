#!/usr/bin/env bash
# init.sh: process 1 of the node's mount, network, process, host name and IPC namespaces; node.ts starts it. It ends with
# everything else in them when its standard input closes, so nothing outlives who started it, however that ends.
# Env: NODE_RUN directory, NODE_NAME, NODE_IP, SERVICES range, BIN of Kubernetes' programs.
set -u
cd "$NODE_RUN" || exit 1
hostname "$NODE_NAME"

# What the node writes outside its directory is written into its directory, or nowhere.
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock log logs/pods logs/containers lib/upper lib/work sysctl
[ -L /var/run ] || mount --bind /run /var/run
mount --bind "$NODE_RUN/logs" /var/log
mount -t overlay -o "lowerdir=/var/lib,upperdir=$NODE_RUN/lib/upper,workdir=$NODE_RUN/lib/work" overlay /var/lib

# The kubelet insists on settings of the whole machine: it is shown what it wants, and the machine stays as it is.
shown() { # setting value
  local file=sysctl/${1//\//_}
  echo "$2" > "$file"
  mount --bind "$NODE_RUN/$file" "/proc/sys/$1"
}
shown vm/overcommit_memory 1
shown vm/panic_on_oom 0
shown kernel/panic 10
shown kernel/panic_on_oops 1
shown kernel/keys/root_maxkeys 1000000
shown kernel/keys/root_maxbytes 25000000

# An address that pods reach, and no way out: packets for elsewhere end at the bridge.
ip link set lo up
ip link add node0 type bridge
ip addr add "$NODE_IP/32" dev node0
ip link set node0 up
ip route add default dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables

export PATH=$BIN:$PATH
start() { # name command...
  "${@:2}" > "log/$1.log" 2>&1 < /dev/null &
}
start etcd etcd --data-dir etcd --unsafe-no-fsync --log-level error \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
  --initial-cluster default=http://127.0.0.1:2380
start containerd containerd -c containerd.toml
start kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
  --bind-address=0.0.0.0 --advertise-address="$NODE_IP" --secure-port=6443 --allow-privileged=true \
  --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
  --kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key \
  --kubelet-certificate-authority=pki/ca.crt --kubelet-preferred-address-types=InternalIP \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=pki/sa.key \
  --service-account-signing-key-file=pki/sa.key --service-cluster-ip-range="$SERVICES" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
for _ in $(seq 600); do
  [ "$(kubectl --kubeconfig admin.kubeconfig get --raw /readyz 2> /dev/null)" = ok ] && break
  sleep 0.1
done

LOCAL=(--bind-address=127.0.0.1 --leader-elect=false --authentication-skip-lookup=true)
start kube-controller-manager kube-controller-manager "${LOCAL[@]}" --cert-dir=certificates/controllers \
  --kubeconfig=controllers.kubeconfig --authorization-kubeconfig=controllers.kubeconfig \
  --use-service-account-credentials=true --service-account-private-key-file=pki/sa.key --root-ca-file=pki/ca.crt \
  --allocate-node-cidrs=false --flex-volume-plugin-dir="$NODE_RUN/kubelet/plugins"
start kube-scheduler kube-scheduler "${LOCAL[@]}" --cert-dir=certificates/scheduler \
  --kubeconfig=scheduler.kubeconfig --authorization-kubeconfig=scheduler.kubeconfig
start kubelet kubelet --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --root-dir="$NODE_RUN/kubelet" \
  --hostname-override="$NODE_NAME" --node-ip="$NODE_IP" --cert-dir="$NODE_RUN/kubelet/pki"
start kube-proxy kube-proxy --config=proxy.yaml
start coredns coredns -conf Corefile

cat > /dev/null
