import { describe, expect, it } from '@jest/globals'
import { controlPlaneHost } from '../../dev/stack/cluster-providers.ts'
import { runDevCommand } from './run-dev-command.ts'

describe('the demo of a whole cluster', () => {
  it('ends when the cluster is Available through its VIP, and leaves nothing behind', async () => {
    const args = ['--until=available', '--once', '--output=json']
    const { code, stdout, stderr, left } = await runDevCommand('demo', args)
    if (code !== 0) throw new Error(`the demo ended with exit code ${code}:\n${stderr}`)

    const result = JSON.parse(stdout) as { readonly endpoint: { readonly port: number } }
    const { port } = result.endpoint
    const server = `https://${controlPlaneHost}:${port}`
    expect(result).toMatchObject({
      cluster: { namespace: 'clusters', name: 'demo-cluster' },
      endpoint: { host: controlPlaneHost },
      pool: { kind: 'GlobalInClusterIPPool', name: 'in-memory-pool', total: 1, free: 0 },
      available: true,
      millisecondsToAvailable: expect.any(Number),
      server,
      infrastructure: { kind: 'DevCluster', generation: 1 },
      nodes: [expect.stringMatching(/^demo-cluster-/), expect.stringMatching(/^demo-cluster-/)],
    })
    const steps = [
      'Cluster created, without an endpoint',
      `endpoint ${controlPlaneHost}:${port} on the Cluster`,
      `created with endpoint ${controlPlaneHost}:${port}, generation 1`,
      `kubeconfig for ${server}`,
      'RemoteConnectionProbe: ',
      'ControlPlaneAvailable: ',
      'Available: control plane, machines and workers are there',
      'nodes listed through the VIP: demo-cluster-',
    ]
    const places = steps.map((step) =>
      stderr.search(new RegExp(`^ *[\\d.]+ m?s  .*${step.replaceAll('.', '\\.')}`, 'm')),
    )
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(left).toEqual([])
  })
})
