import { describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { InClusterResult } from '../../dev/demo/in-cluster/report.ts'
import { cgroupHierarchies, ownerOf } from '../../dev/node/cgroups.ts'
import { thisMachine } from '../../dev/node/machine.ts'
import { missingOn } from '../../dev/node/requirements.ts'
import { runDevCommand } from './run-dev-command.ts'

/** Minutes, and an image: more than every run of the tests can spend. */
const wanted = process.env['IN_CLUSTER'] === 'true'
const reasons = [...(wanted ? [] : ['IN_CLUSTER is not "true"']), ...missingOn(thisMachine())]
const describeHere = reasons.length === 0 ? describe : describe.skip
const why = reasons.length === 0 ? '' : ` (not run: ${reasons.join('; ')})`
const withinMs = 900_000

/** Cgroups of runs that have ended. */
function leftCgroups(): readonly string[] {
  if (!existsSync('/proc/mounts')) return []
  return cgroupHierarchies(readFileSync('/proc/mounts', 'utf8'))
    .flatMap((hierarchy) => readdirSync(hierarchy))
    .filter((name) => ownerOf(name) !== undefined && !existsSync(`/proc/${ownerOf(name)}`))
}

describeHere(`the Pods of a real kubelet${why}`, () => {
  it(
    'serve Clusters, keep what the chart promises, stay up until Ctrl-C, and leave nothing behind',
    async () => {
      const args = ['--in-cluster', '--measure', '--output', 'json']
      const run = await runDevCommand('demo', args, 'It stays up until Ctrl-C.')
      const { code, stdout, stderr, left } = run
      if (code !== 0) throw new Error(`exit code ${code}:\n${stderr.slice(-8000)}`)
      const result: InClusterResult = JSON.parse(stdout)
      expect(result).toMatchObject({
        endpoint: { host: '10.0.0.10', port: 6443 },
        pods: [{ ready: true }, { ready: true }],
        measures: {
          termination: { exitCode: 0 },
          stuck: { exitCode: 137 },
          eviction: { first: 'granted', second: 'refused' },
          slowStart: { restarts: 0 },
        },
        broken: [],
      })
      expect(result.measures?.rollout.clusters).toBeGreaterThan(1)
      expect(left).toEqual([])
      expect(leftCgroups()).toEqual([])
    },
    withinMs,
  )
})

describe('the demo on a kubelet', () => {
  it('says all that a machine lacks before it starts anything', async () => {
    const { code, stdout, stderr, left } = await runDevCommand('demo', ['--in-cluster'], undefined, {
      PATH: '/nowhere',
    })
    expect(code).toBe(1)
    expect(stdout).toBe('')
    for (const reason of missingOn({ ...thisMachine(), programs: new Set(), namespaceRefusal: undefined })) {
      expect(stderr).toContain(`  - ${reason}\n`)
    }
    expect(stderr).toMatch(/^demo: no kubelet can run here:\n {2}- /)
    expect(left).toEqual([])
  })

  it('has a machine that can run it, or a reason that the titles say', () => {
    expect(reasons.length === 0 ? 'it runs' : why).not.toBe('')
  })
})
