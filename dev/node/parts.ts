import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import type { PartDefinition } from '../stack/part.ts'
import { answersOk } from '../stack/readiness.ts'
import {
  containerdConfiguration,
  kubeletConfiguration,
  kubeProxyConfiguration,
  networkConfiguration,
  type ProxyMode,
} from './configurations.ts'
import { containerdSocket, nodeAddress, nodeName, type NodeDirectory } from './place.ts'

/** Where the programs of a node are. */
export type NodePrograms = Readonly<
  Record<
    | 'containerd'
    | 'containerd-shim-runc-v2'
    | 'ctr'
    | 'runc'
    | 'kubelet'
    | 'kube-scheduler'
    | 'kube-proxy'
    | 'ptp'
    | 'host-local',
    string
  >
>

export type NodePartName = 'containerd' | 'kubelet' | 'kube-scheduler' | 'kube-proxy'

const readyWithinMs = 60_000

/** containerd, with the plugins of the Pods' network. */
export function containerdPart(options: {
  readonly programs: NodePrograms
  readonly directory: NodeDirectory
  readonly runDirectory: string
  readonly sandboxImage: string
}): PartDefinition {
  const { programs, directory, runDirectory } = options
  for (const path of [directory.networkPrograms, directory.networkConfig])
    mkdirSync(path, { recursive: true })
  for (const plugin of [programs.ptp, programs['host-local']]) {
    symlinkSync(plugin, join(directory.networkPrograms, basename(plugin)))
  }
  writeFileSync(join(directory.networkConfig, 'pods.conflist'), JSON.stringify(networkConfiguration()))
  const configurationPath = join(runDirectory, 'containerd.toml')
  writeFileSync(configurationPath, containerdConfiguration(directory, programs.runc, options.sandboxImage))
  return {
    name: 'containerd',
    command: programs.containerd,
    args: [`--config=${configurationPath}`],
    // Where it looks for the shim.
    env: { PATH: `${dirname(programs['containerd-shim-runc-v2'])}:${process.env['PATH']}` },
    logPath: join(runDirectory, 'containerd.log'),
    isReady: () => accepts(containerdSocket),
    readyWithinMs,
  }
}

export function kubeletPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly kubeconfigPath: string
  readonly cgroupRoot: string
}): PartDefinition {
  const { runDirectory } = options
  // No name server: the cluster has no DNS, and nothing in it needs one.
  const resolvConf = join(runDirectory, 'resolv.conf')
  writeFileSync(resolvConf, '')
  const configurationPath = join(runDirectory, 'kubelet.yaml')
  // JSON is YAML.
  writeFileSync(
    configurationPath,
    JSON.stringify(kubeletConfiguration({ cgroupRoot: options.cgroupRoot, resolvConf })),
  )
  return {
    name: 'kubelet',
    command: options.program,
    args: [
      `--config=${configurationPath}`,
      `--kubeconfig=${options.kubeconfigPath}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ],
    logPath: join(runDirectory, 'kubelet.log'),
    isReady: () => answersOk('http://127.0.0.1:10248/healthz'),
    readyWithinMs,
  }
}

export function kubeSchedulerPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly kubeconfigPath: string
}): PartDefinition {
  const certificates = join(options.runDirectory, 'kube-scheduler')
  mkdirSync(certificates)
  const flags = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig']
  return {
    name: 'kube-scheduler',
    command: options.program,
    args: [
      ...flags.map((flag) => `--${flag}=${options.kubeconfigPath}`),
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--cert-dir=${certificates}`,
    ],
    logPath: join(options.runDirectory, 'kube-scheduler.log'),
    isReady: () => answersOk('https://127.0.0.1:10259/healthz', join(certificates, 'kube-scheduler.crt')),
    readyWithinMs,
  }
}

export function kubeProxyPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly kubeconfigPath: string
  readonly mode: ProxyMode
}): PartDefinition {
  const configurationPath = join(options.runDirectory, 'kube-proxy.yaml')
  writeFileSync(
    configurationPath,
    JSON.stringify(kubeProxyConfiguration(options.kubeconfigPath, options.mode)),
  )
  return {
    name: 'kube-proxy',
    command: options.program,
    args: [`--config=${configurationPath}`],
    logPath: join(options.runDirectory, 'kube-proxy.log'),
    isReady: () => answersOk('http://127.0.0.1:10256/healthz'),
    readyWithinMs,
  }
}

async function accepts(socketPath: string): Promise<boolean> {
  const socket = createConnection(socketPath)
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
