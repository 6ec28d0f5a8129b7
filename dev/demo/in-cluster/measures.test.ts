import { describe, expect, it } from '@jest/globals'
import { outcomeOf } from './cluster-trial.ts'
import { firstPid } from './containers.ts'
import { valuesFor } from './install.ts'
import { brokenPromises, type Measures } from './measures.ts'
import { areReady, podFrom } from './pods.ts'
import { promisesOf } from './promises.ts'

const promises = { terminationSeconds: 30, stuckSeconds: 36, memoryLimitBytes: 1000 }
const served = { clusters: 3, addresses: 3, longestSeconds: 1, slowest: 'two' }

function measuresWith(changed: Partial<Measures> = {}): Measures {
  return {
    memory: { atRestBytes: 100, peakBytes: 999 },
    rollout: { ...served, seconds: 20 },
    termination: { ...served, seconds: 3, exitCode: 0 },
    stuck: { ...served, seconds: 36, exitCode: 137 },
    eviction: { first: 'granted', second: 'refused' },
    slowStart: { seconds: 40, restarts: 0 },
    ...changed,
  }
}

describe('what is measured', () => {
  it('keeps what is promised, with some time for the kubelet', () => {
    expect(brokenPromises(measuresWith(), promises)).toEqual([])
    expect(
      brokenPromises(measuresWith({ stuck: { ...served, seconds: 40.9, exitCode: 137 } }), promises),
    ).toEqual([])
  })

  it.each<[string, Partial<Measures>, string]>([
    [
      'two Clusters have one address',
      { rollout: { ...served, addresses: 2, seconds: 20 } },
      'rollout: 3 Clusters have 2 addresses',
    ],
    [
      'a process does not end in time',
      { termination: { ...served, seconds: 35.1, exitCode: 0 } },
      'SIGTERM: the process ended after 35.1 s, expected at most 30 s',
    ],
    [
      'a process is killed that was asked to end',
      { termination: { ...served, seconds: 3, exitCode: 137 } },
      'SIGTERM: the exit code is 137, expected 0',
    ],
    [
      'the kubelet waits for a stuck process',
      { stuck: { ...served, seconds: 63, exitCode: 137 } },
      'a stuck process: the process ended after 63.0 s, expected at most 36 s',
    ],
    [
      'nobody knows how a stuck process ended',
      { stuck: { ...served, seconds: 30, exitCode: undefined } },
      'a stuck process: the exit code is undefined, expected 137',
    ],
    [
      'both Pods are evicted at once',
      { eviction: { first: 'granted', second: 'granted' } },
      'eviction of the other Pod at once: the answer is granted, expected refused',
    ],
    [
      'a slow Pod is restarted before it answers',
      { slowStart: { seconds: 70, restarts: 1 } },
      'a slow start: the number of restarts is 1, expected 0',
    ],
    [
      'memory reaches its limit',
      { memory: { atRestBytes: 100, peakBytes: 1000 } },
      'memory: 1000 bytes at the peak, expected less than 1000',
    ],
  ])('breaks a promise if %s', (_, changed, message) => {
    expect(brokenPromises(measuresWith(changed), promises)).toEqual([message])
  })
})

function aDeployment(livenessProbe: object, memory = '768Mi'): unknown {
  const container = { livenessProbe, resources: { limits: { memory } } }
  return { spec: { template: { spec: { terminationGracePeriodSeconds: 30, containers: [container] } } } }
}

const probe = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, terminationGracePeriodSeconds: 1 }

describe('what the Deployment promises', () => {
  it('follows from its probe, its grace period and its limit', () => {
    expect(promisesOf(aDeployment(probe))).toEqual({
      terminationSeconds: 30,
      stuckSeconds: 36,
      memoryLimitBytes: 805_306_368,
    })
    expect(promisesOf(aDeployment(probe, '2Gi')).memoryLimitBytes).toBe(2_147_483_648)
  })

  it('cannot be told without them', () => {
    expect(() => promisesOf(aDeployment({ ...probe, terminationGracePeriodSeconds: undefined }))).toThrow(
      'the Deployment has terminationGracePeriodSeconds undefined, expected a number',
    )
    expect(() => promisesOf(aDeployment(probe, '1G'))).toThrow(
      'the memory limit is "1G", expected one like 768Mi',
    )
  })
})

describe('a Pod of the allocator', () => {
  const status = {
    containerStatuses: [
      {
        ...{ ready: true, restartCount: 1, containerID: 'containerd://abc' },
        state: { running: { startedAt: '2026-01-01T00:00:10Z' } },
        lastState: { terminated: { exitCode: 137 } },
      },
    ],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:13Z' }],
  }

  it('has one container, and how the one before it ended', () => {
    const expected = {
      name: 'one',
      ready: true,
      restarts: 1,
      container: 'abc',
      lastExitCode: 137,
      secondsToReady: 3,
      ending: false,
    }
    expect(podFrom({ metadata: { name: 'one' }, status })).toEqual(expected)
    expect(podFrom({ metadata: { name: 'one', deletionTimestamp: 'now' }, status }).ending).toBe(true)
  })

  it('may have no container yet', () => {
    expect(podFrom({ metadata: { name: 'one' }, status: {} })).toEqual({
      ...{ name: 'one', ready: false, restarts: 0, container: '', ending: false },
      ...{ lastExitCode: undefined, secondsToReady: undefined },
    })
  })

  it('counts as ready only if it stays', () => {
    const pod = podFrom({ metadata: { name: 'one' }, status })
    expect(areReady([pod, pod], 2)).toBe(true)
    expect(areReady([pod], 2)).toBe(false)
    expect(areReady([pod, { ...pod, ending: true }], 2)).toBe(false)
    expect(areReady([pod, { ...pod, ready: false }], 2)).toBe(false)
  })
})

describe('a container', () => {
  it('is told by its first process, not by those of other namespaces', () => {
    expect(firstPid('0\n12\n13\n')).toBe(12)
    expect(firstPid('')).toBeUndefined()
  })
})

describe('served Clusters', () => {
  it('are counted with their addresses and the longest wait', () => {
    const one = { name: 'one', host: '10.0.1.10', ms: 100 }
    const two = { name: 'two', host: '10.0.1.10', ms: 2500 }
    expect(outcomeOf([])).toEqual({ clusters: 0, addresses: 0, longestSeconds: 0, slowest: '' })
    expect(outcomeOf([one, two])).toEqual({ clusters: 2, addresses: 1, longestSeconds: 2.5, slowest: 'two' })
  })
})

describe('the installation in the demo', () => {
  it('changes only what a cluster without DNS needs', () => {
    expect(valuesFor('10.77.0.1:7233')).toEqual({
      'temporal.address': '10.77.0.1:7233',
      dnsPolicy: 'Default',
    })
  })
})
