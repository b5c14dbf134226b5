import { join } from 'node:path';
import { stringify } from 'yaml';
import { CNI } from './prerequisites.ts';

/** The node's addresses; they exist inside its network namespace only. */
export const ADDRESSES = {
  node: '10.231.0.1',
  services: '10.231.4.0/24',
  /** The API server's own, the first of the services. */
  api: '10.231.4.1',
  pods: '10.231.8.0/24',
} as const;

/** The name of the image that holds a pod's namespaces open. */
export const PAUSE = 'localhost/pause:1';

/** What the node's programs read, by file name. `run` is its directory, `name` its own and that of its cgroups. */
export const filesOf = (run: string, name: string): Readonly<Record<string, string>> => ({
  'containerd.toml': containerd(run),
  'cni/10-pods.conflist': JSON.stringify(network(run)),
  'kubelet.yaml': stringify(kubelet(run, name)),
  'proxy.yaml': stringify(proxy(run, name)),
  Corefile: dns(run),
  // Nobody outside is asked for names.
  'resolv.conf': '',
});

const containerd = (run: string): string => `version = 2
root = "${run}/containerd/root"
state = "${run}/containerd/state"
oom_score = 0
[grpc]
  address = "${run}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${run}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  # Without CAP_SYS_RESOURCE no process can be made less likely to be killed than its parent is.
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI}"
    conf_dir = "${run}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;

const network = (run: string): object => ({
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(run, 'addresses'),
        ranges: [[{ subnet: ADDRESSES.pods }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

const kubelet = (run: string, name: string): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: ADDRESSES.node,
  port: 10_250,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(run, 'pki/ca.crt') },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: join(run, 'pki/kubelet-server.crt'),
  tlsPrivateKeyFile: join(run, 'pki/kubelet-server.key'),
  containerRuntimeEndpoint: `unix://${run}/containerd.sock`,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${name}`,
  failCgroupV1: false,
  failSwapOn: false,
  protectKernelDefaults: true,
  oomScoreAdj: 0,
  resolvConf: join(run, 'resolv.conf'),
  clusterDomain: 'cluster.local',
  clusterDNS: [ADDRESSES.node],
  volumePluginDir: join(run, 'kubelet/plugins'),
  // Images came by import: what is collected cannot be had again.
  imageGCHighThresholdPercent: 100,
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1Gi', 'imagefs.available': '1Gi' },
  maxPods: 60,
});

const proxy = (run: string, name: string): object => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig: join(run, 'proxy.kubeconfig') },
  mode: 'iptables',
  clusterCIDR: ADDRESSES.pods,
  hostnameOverride: name,
  bindAddress: ADDRESSES.node,
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '127.0.0.1:10249',
  // The machine's limits are not the node's to change.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
});

const dns = (run: string): string => `cluster.local:53 in-addr.arpa:53 {
  bind ${ADDRESSES.node}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${run}/admin.kubeconfig
    pods insecure
  }
}
`;
