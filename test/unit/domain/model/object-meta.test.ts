import { describe, expect, it } from '@jest/globals'
import { formatKey, isStuck, objectMetaFrom } from '../../../../src/domain/model/object-meta.ts'

describe('objectMetaFrom', () => {
  it('reads what decisions use', () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
    const facts = {
      namespace: 'clusters',
      name: 'demo',
      uid: '1234',
      resourceVersion: '100',
      labels: { team: 'a' },
      annotations: { note: '' },
      creationTimestamp: '2026-01-02T03:04:05Z',
      finalizers: ['example.com/hold'],
    }
    const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }, owner, null]
    expect(objectMetaFrom({ metadata: { ...facts, ownerReferences, generation: 2 } })).toEqual({
      generation: 2,
      ...facts,
      ownerReferences: [owner, owner],
      isDeleting: false,
    })
  })

  it.each([[undefined], [{}], [{ metadata: 'text' }]])('reads %j as an object without a name', (object) => {
    expect(objectMetaFrom(object)).toEqual({
      generation: 0,
      namespace: '',
      name: '',
      uid: '',
      resourceVersion: '',
      labels: {},
      annotations: {},
      ownerReferences: [],
      creationTimestamp: '',
      isDeleting: false,
      deletionTimestamp: undefined,
      finalizers: [],
    })
  })

  it('reads an object with a deletionTimestamp as being deleted', () => {
    const metadata = { deletionTimestamp: '2026-01-02T03:04:05Z' }
    expect(objectMetaFrom({ metadata })).toMatchObject({ isDeleting: true, ...metadata })
  })
})

describe('formatKey', () => {
  it('has the namespace in front', () => {
    expect(formatKey({ namespace: 'clusters', name: 'demo' })).toBe('clusters/demo')
  })
})

describe('an object that is being deleted', () => {
  const deleted = objectMetaFrom({ metadata: { name: 'x', deletionTimestamp: '2026-01-02T03:04:05Z' } })
  const then = Date.parse('2026-01-02T03:04:05Z')

  it('is stuck after more than ten seconds', () => {
    expect(isStuck(deleted, then + 10_000)).toBe(false)
    expect(isStuck(deleted, then + 10_001)).toBe(true)
    expect(isStuck(objectMetaFrom({ metadata: { name: 'x' } }), then)).toBe(false)
  })

  it('is read with the finalizers that hold it, as far as they can be read', () => {
    expect(objectMetaFrom({ metadata: { finalizers: ['a', 7, 'b'] } }).finalizers).toEqual(['a', 'b'])
  })
})
