import { describe, expect, it } from '@jest/globals'
import {
  containerdConfiguration,
  kubeletConfiguration,
  kubeProxyConfiguration,
  networkConfiguration,
} from './configurations.ts'
import { namespaceArguments } from './namespaces.ts'
import { nodeDirectory } from './place.ts'
import { imageFiles } from './sandbox-image.ts'

describe('the configuration of a node', () => {
  it('tells containerd its plugins, its runtime and an image that needs no registry', () => {
    const lines = containerdConfiguration(
      nodeDirectory('/tmp/node'),
      '/usr/sbin/runc',
      'localhost/it:1',
    ).split('\n')
    for (const line of [
      'version = 3',
      "sandbox = 'localhost/it:1'",
      "bin_dir = '/tmp/node/network-programs'",
      "conf_dir = '/tmp/node/network-config'",
      "BinaryName = '/usr/sbin/runc'",
      'restrict_oom_score_adj = true',
    ]) {
      expect(lines).toContain(line)
    }
  })

  it('has the kubelet keep its Pods in the cgroup of the run, and leave disk and firewall to the machine', () => {
    expect(kubeletConfiguration({ cgroupRoot: '/ours', resolvConf: '/tmp/resolv.conf' })).toMatchObject({
      address: '10.77.0.1',
      cgroupRoot: '/ours',
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      makeIPTablesUtilChains: false,
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      evictionHard: { 'imagefs.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%' },
    })
  })

  it.each(['nftables', 'iptables'] as const)(
    'has kube-proxy use %s, and no table of the whole machine',
    (mode) => {
      expect(kubeProxyConfiguration('/tmp/kubeconfig', mode)).toMatchObject({
        mode,
        clientConnection: { kubeconfig: '/tmp/kubeconfig' },
        conntrack: { maxPerCore: 0, min: 0 },
      })
    },
  )

  it('gives Pods addresses that are not those of the node', () => {
    expect(networkConfiguration()).toMatchObject({
      plugins: [{ type: 'ptp', ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.7.0/24' }]] } }],
    })
  })
})

describe('the image of the sandbox', () => {
  it('is an archive of one layer by its digest, which sleeps as nobody', () => {
    const files = imageFiles('localhost/it:1', 'abc')
    expect(JSON.parse(files['manifest.json'] ?? '')).toEqual([
      { Config: 'config.json', RepoTags: ['localhost/it:1'], Layers: ['layer.tar'] },
    ])
    expect(JSON.parse(files['config.json'] ?? '')).toMatchObject({
      os: 'linux',
      config: { Entrypoint: ['/usr/bin/sleep', 'infinity'], User: '65535:65535' },
      rootfs: { type: 'layers', diff_ids: ['sha256:abc'] },
    })
  })
})

describe('namespaces', () => {
  it('are those of network, mounts and processes, and end with their first process', () => {
    const args = namespaceArguments(['node', 'inside.ts'])
    for (const flag of ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']) {
      expect(args).toContain(flag)
    }
    expect(args.slice(-2)).toEqual(['node', 'inside.ts'])
  })
})
