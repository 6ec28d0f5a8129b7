import { containerdSocket, nodeAddress, nodeName, podRange, type NodeDirectory } from './place.ts'

/** containerd's file. Roots, state and socket are where containerd has them by default. */
export function containerdConfiguration(
  directory: NodeDirectory,
  runc: string,
  sandboxImage: string,
): string {
  const runtime = `plugins.'io.containerd.cri.v1.runtime'`
  return `version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '${sandboxImage}'
[plugins.'io.containerd.nri.v1.nri']
disable = true
[${runtime}]
# This process may not lower the score, for example in a container.
restrict_oom_score_adj = true
disable_apparmor = true
[${runtime}.cni]
bin_dir = '${directory.networkPrograms}'
conf_dir = '${directory.networkConfig}'
use_internal_loopback = true
[${runtime}.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
[${runtime}.containerd.runtimes.runc.options]
BinaryName = '${runc}'
`
}

/** The Pods' network: each has a link to the node, which routes. */
export function networkConfiguration(): object {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipam: { type: 'host-local', ranges: [[{ subnet: podRange }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  }
}

/** The kubelet's file. Nobody outside of the node's network reaches it, so it asks for no login. */
export function kubeletConfiguration(options: {
  readonly cgroupRoot: string
  readonly resolvConf: string
}): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: options.cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    resolvConf: options.resolvConf,
    // It may not lower its own.
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    // The disk belongs to this machine, not to the node.
    localStorageCapacityIsolation: false,
    evictionHard: { 'imagefs.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%' },
    imageGCHighThresholdPercent: 100,
  }
}

export type ProxyMode = 'nftables' | 'iptables'

/** kube-proxy's file. It leaves the kernel's table of connections as it is: that is the machine's. */
export function kubeProxyConfiguration(kubeconfig: string, mode: ProxyMode): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode,
    bindAddress: '127.0.0.1',
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    clientConnection: { kubeconfig },
    hostnameOverride: nodeName,
    clusterCIDR: podRange,
    nodePortAddresses: ['primary'],
    oomScoreAdj: 0,
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  }
}
