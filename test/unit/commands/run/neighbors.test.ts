import { describe, expect, it } from '@jest/globals'
import { createNeighbors } from '../../../../src/commands/run/neighbors.ts'
import { workerIdentity } from '../../../../src/domain/management-cluster.ts'

const ours = { taskQueue: 'queue', managementClusterUid: 'uid-a' }
const whatHelps =
  'give each management cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE), or a name of its own (--management-cluster)'

function aPoller(uid: string, lastPollAt = 0) {
  return { identity: workerIdentity('7@pod', uid), build: undefined, lastPollAt }
}

function watched() {
  const lines: string[] = []
  const clock = { now: 0 }
  const log = {
    warn: (message: string) => void lines.push(`warn: ${message}`),
    info: (message: string) => void lines.push(`info: ${message}`),
  }
  return { neighbors: createNeighbors(log, () => clock.now), lines, clock }
}

describe('another management cluster', () => {
  it('is not met where only our own Workers poll', () => {
    const { neighbors, lines } = watched()
    neighbors.observePollers(ours, [aPoller('uid-a')])
    expect(neighbors.collision()).toBeUndefined()
    expect(lines).toEqual([])
  })

  it('is met where its Workers poll, until they have stopped; the log has a line for each', () => {
    const { neighbors, lines, clock } = watched()
    neighbors.observePollers(ours, [aPoller('uid-a'), aPoller('uid-b')])
    neighbors.observePollers(ours, [aPoller('uid-a'), aPoller('uid-b')])
    expect(neighbors.collision()).toMatch(
      /^Workers of another management cluster poll task queue queue too: /,
    )
    expect(neighbors.collision()).toContain(`; ${whatHelps}`)
    clock.now = 121_000
    neighbors.observePollers(ours, [aPoller('uid-a', clock.now), aPoller('uid-b')])
    expect(neighbors.collision()).toBeUndefined()
    expect(lines.map((line) => line.split(':')[0])).toEqual(['warn', 'info'])
  })

  it('is met where we are handed its run, which counts for ten minutes', () => {
    const { neighbors, clock } = watched()
    neighbors.observeForeignRun('a run is of another management cluster')
    expect(neighbors.collision()).toBe(`a run is of another management cluster; ${whatHelps}`)
    clock.now = 600_000
    expect(neighbors.collision()).toBeUndefined()
  })
})
