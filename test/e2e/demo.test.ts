import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const demo = join(import.meta.dirname, '..', '..', 'dev', 'demo', 'main.ts')

interface DemoRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Files that the run has left where it was told to put temporary ones. */
  readonly left: readonly string[]
}

/** Runs the demo with a temporary directory of its own. `interruptAt`: sends SIGINT once this was printed. */
async function runDemo(args: readonly string[], interruptAt?: string): Promise<DemoRun> {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-test-'))
  const child = spawn(process.execPath, [demo, ...args], { env: { ...process.env, TMPDIR: temporary } })
  const text = { stdout: '', stderr: '' }
  let interrupted = false
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      if (interruptAt === undefined || interrupted || !text[name].includes(interruptAt)) return
      interrupted = true
      child.kill('SIGINT')
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const left = readdirSync(temporary)
  rmSync(temporary, { recursive: true })
  return { code, ...text, left }
}

describe('the demo', () => {
  it('prints one JSON object with the VIP, and nothing else, and leaves nothing behind', async () => {
    const { code, stdout, left } = await runDemo(['--once', '--output', 'json'])
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
    const { code, stdout, left } = await runDemo([], 'It stays up until Ctrl-C.')
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
    const { code, stderr } = await runDemo(['--output=xml'])
    expect(code).toBe(2)
    expect(stderr).toContain('--output is "xml", expected text or json')
  })
})
