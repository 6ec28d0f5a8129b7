import { once } from 'node:events'
import { createServer } from 'node:net'

import { messageOf } from './errors.ts'
import { untilPortIsFree } from './ports.ts'
import type { Progress } from './progress.ts'

/**
 * The providers with which whole clusters come up: kubeadm control planes and bootstrap, and CAPD with its in-memory
 * backend, whose machines, nodes and API servers are objects and listeners of its one process.
 */
export const clusterProviders = [
  'control-plane-kubeadm',
  'bootstrap-kubeadm',
  'infrastructure-docker',
] as const

export type ClusterProviderName = (typeof clusterProviders)[number]

/**
 * The one host of all API servers of CAPD's in-memory backend, whatever the endpoints of its Clusters say: so a pool for
 * them has this address and no other. On Linux, all of 127.0.0.0/8 is local.
 */
export const controlPlaneHost = '127.0.0.10'

/** CAPD's page about its in-memory clusters, which has no flag. */
const debugPort = 19_000

/**
 * Waits until CAPD can start. A machine runs one at a time.
 *
 * @throws Error if the host of its API servers is not local, or another program keeps its port
 */
export async function untilCapdCanStart(progress: Progress): Promise<void> {
  const server = createServer()
  try {
    server.listen({ host: controlPlaneHost, port: 0 })
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(
      `${controlPlaneHost} is no address of this machine (${messageOf(cause)}), expected a local one as on Linux: the API servers of infrastructure-docker are there`,
      { cause },
    )
  } finally {
    server.close()
  }
  await untilPortIsFree(debugPort, { neededBy: 'infrastructure-docker', progress })
}
