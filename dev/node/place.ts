import { join } from 'node:path'

/** The node, in a network of its own, where no other host is. */
export const nodeName = 'demo-node'
export const nodeAddress = '10.77.0.1'
export const nodePrefix = 24
/** The kubelet and the API server want a default route; nobody answers there. */
export const nobodyAddress = '10.77.0.254'
export const podRange = '10.88.7.0/24'

/** Where the node's programs keep their state, under names that they have built in. The node has its own `/var` and `/run`. */
export const containerdSocket = '/run/containerd/containerd.sock'
export const containerdData = '/var/lib/containerd'

/** What a node keeps on this machine: one directory, whose name two programs know. */
export interface NodeDirectory {
  readonly path: string
  /** Layers of the node's own `/var`. */
  readonly varUpper: string
  readonly varWork: string
  /** Images and the file systems of containers, which need a file system without layers. */
  readonly containerd: string
  /** Values that the kubelet expects in the kernel. */
  readonly kernel: string
  /** Plugins and configuration of the Pods' network. */
  readonly networkPrograms: string
  readonly networkConfig: string
}

export function nodeDirectory(path: string): NodeDirectory {
  return {
    path,
    varUpper: join(path, 'var-upper'),
    varWork: join(path, 'var-work'),
    containerd: join(path, 'containerd'),
    kernel: join(path, 'kernel'),
    networkPrograms: join(path, 'network-programs'),
    networkConfig: join(path, 'network-config'),
  }
}
