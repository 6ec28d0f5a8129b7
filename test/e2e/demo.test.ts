import { describe, expect, it } from '@jest/globals'
import { runDevCommand } from './run-dev-command.ts'

describe('the demo', () => {
  it('prints one JSON object with the VIP, and nothing else, and leaves nothing behind', async () => {
    const { code, stdout, left } = await runDevCommand('demo', ['--once', '--output', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      cluster: { namespace: 'clusters', name: 'demo-cluster' },
      endpoint: { host: '10.0.0.10', port: 6443 },
      pool: { kind: 'GlobalInClusterIPPool', name: 'vip-pool', total: 11, free: 10 },
      claim: 'vip-cp-demo-cluster',
      address: '10.0.0.10',
      workflowId: 'allocate-vip/clusters/demo-cluster',
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      millisecondsToEndpoint: expect.any(Number),
    })
    expect(left).toEqual([])
  })

  it('tells each step and where to look, stays up, and ends at Ctrl-C with nothing left', async () => {
    const { code, stdout, left } = await runDevCommand('demo', [], 'It stays up until Ctrl-C.')
    expect(code).toBe(0)
    for (const words of [
      'Cluster created, without an endpoint',
      'IPAddressClaim vip-cp-demo-cluster created on GlobalInClusterIPPool/vip-pool',
      'endpoint 10.0.0.10:6443 on the Cluster',
      '10 of 11 addresses free',
      'DemoCluster demo-cluster-',
      'allocate-vip%2Fclusters%2Fdemo-cluster',
      'workflow show -w allocate-vip/clusters/demo-cluster',
      `--input '{"namespace":"clusters","name":"demo-cluster"}'`,
    ]) {
      expect(stdout).toContain(words)
    }
    expect(left).toEqual([])
  })

  it('refuses a flag it does not have', async () => {
    const { code, stderr } = await runDevCommand('demo', ['--output=xml'])
    expect(code).toBe(2)
    expect(stderr).toContain('--output is "xml", expected text or json')
  })
})
