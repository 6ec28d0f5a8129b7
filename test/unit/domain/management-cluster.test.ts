import { describe, expect, it } from '@jest/globals'
import {
  atManagementCluster,
  describeForeignPollers,
  isForeign,
  managementClusterOf,
  workerIdentity,
} from '../../../src/domain/management-cluster.ts'

const ours = { taskQueue: 'queue', managementClusterUid: 'uid-a' }
const [own, other, unknown] = ['uid-a', 'uid-b', undefined].map((uid) => ({
  identity: workerIdentity('7@pod', uid),
}))

describe('another management cluster', () => {
  it.each<[string | undefined, string | undefined, boolean]>([
    ['uid-b', 'uid-a', true],
    ['uid-a', 'uid-a', false],
    [undefined, 'uid-a', false],
    ['uid-b', undefined, false],
    [undefined, undefined, false],
  ])('is one whose uid is known and another: %s beside %s: %s', (theirs, here, expected) => {
    expect(isForeign(theirs, here)).toBe(expected)
  })

  it('is named by the identity of its Workers', () => {
    expect(managementClusterOf(workerIdentity('7@pod', 'uid-b'))).toBe('uid-b')
    expect(workerIdentity('7@pod', undefined)).toBe('7@pod')
    expect(managementClusterOf('7@pod')).toBeUndefined()
    expect(managementClusterOf('somebody (management cluster x) else')).toBeUndefined()
  })

  it('is found among those that poll, each of its Workers once', () => {
    const polling = [own, other, unknown, other].filter((poller) => poller !== undefined)
    expect(describeForeignPollers(ours, polling)).toBe(
      'Workers of another management cluster poll task queue queue too: 7@pod (management cluster uid-b); here the uid of namespace kube-system is uid-a',
    )
  })

  it('is not found where only our own Workers poll, or those of nobody knows whom', () => {
    const polling = [own, unknown].filter((poller) => poller !== undefined)
    expect(describeForeignPollers(ours, polling)).toBeUndefined()
    expect(describeForeignPollers({ taskQueue: 'queue' }, [{ identity: 'x (management cluster y)' }])).toBe(
      undefined,
    )
  })
})

describe('a name in Temporal', () => {
  it('has the name of the management cluster, and stays as it is without', () => {
    expect(atManagementCluster('capi-vip-allocator', 'east')).toBe('capi-vip-allocator@east')
    expect(atManagementCluster('capi-vip-allocator', undefined)).toBe('capi-vip-allocator')
  })
})
