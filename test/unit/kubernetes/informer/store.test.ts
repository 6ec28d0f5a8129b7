import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectMeta } from '../../../../src/domain/model/object-meta.ts'
import { createStore, type Store } from '../../../../src/kubernetes/informer/store.ts'

/** `namespace/name uid@resourceVersion` and what is needed besides. */
function anObject(key: string, uid = 'uid-1', resourceVersion = '1'): ObjectMeta {
  const [namespace = '', name = ''] = key.split('/')
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    generation: 1,
    labels: { team: 'red' },
    annotations: {},
    ownerReferences: [],
    creationTimestamp: '2026-01-02T03:04:05Z',
    isDeleting: false,
    deletionTimestamp: undefined,
    finalizers: [],
  }
}

let objects: Map<string, ObjectMeta>
let cache: Store<ObjectMeta>
/** What was told, in order. */
let told: string[]
let logged: unknown[]
/** Makes the handler throw where it returns true. */
let failsOn: (told: string) => boolean

function tell(line: string): void {
  if (failsOn(line)) throw new Error(`cannot take ${line}`)
  told.push(line)
}

function cacheOf(namespace: string): Store<ObjectMeta> {
  const handler = {
    onUpsert: (object: ObjectMeta, previous: ObjectMeta | undefined) =>
      tell(
        `upsert ${object.name} ${object.uid}@${object.resourceVersion} was ${previous?.resourceVersion ?? '-'}`,
      ),
    onDelete: (object: ObjectMeta) => tell(`delete ${object.name} ${object.uid}@${object.resourceVersion}`),
  }
  return createStore(objects, namespace, handler, { error: (...line) => logged.push(line) })
}

beforeEach(() => {
  objects = new Map()
  told = []
  logged = []
  failsOn = () => false
  cache = cacheOf('')
})

describe('an object cache', () => {
  it('tells a new object and a change of it, with what was known before', () => {
    cache.upsert(anObject('clusters/a'))
    cache.upsert(anObject('clusters/a', 'uid-1', '2'))
    expect(told).toEqual(['upsert a uid-1@1 was -', 'upsert a uid-1@2 was 1'])
    expect(objects.get('clusters/a')?.resourceVersion).toBe('2')
  })

  it('tells nothing where uid and resourceVersion are known', () => {
    cache.upsert(anObject('clusters/a'))
    expect(cache.upsert(anObject('clusters/a'))).toBe(false)
    expect(told).toHaveLength(1)
  })

  it('tells the deletion of a known object, in its last state', () => {
    cache.upsert(anObject('clusters/a'))
    expect(cache.remove(anObject('clusters/a', 'uid-1', '2'))).toBe(true)
    expect(told.at(-1)).toBe('delete a uid-1@2')
    expect(objects.size).toBe(0)
  })

  it('tells nothing of the deletion of an unknown object', () => {
    expect(cache.remove(anObject('clusters/a'))).toBe(false)
    expect(told).toEqual([])
  })

  it('tells an object that was replaced under its name as a deletion and a new object', () => {
    cache.upsert(anObject('clusters/a', 'uid-1', '5'))
    cache.upsert(anObject('clusters/a', 'uid-2', '9'))
    expect(told.slice(1)).toEqual(['delete a uid-1@5', 'upsert a uid-2@9 was -'])
  })

  it('tells what a list has more, less and otherwise, and how much that is', () => {
    for (const key of ['clusters/same', 'clusters/changed', 'clusters/gone']) cache.upsert(anObject(key))
    told = []
    const news = cache.replaceAll([
      anObject('clusters/same'),
      anObject('clusters/changed', 'uid-1', '2'),
      anObject('clusters/new'),
    ])
    expect(told).toEqual(['delete gone uid-1@1', 'upsert changed uid-1@2 was 1', 'upsert new uid-1@1 was -'])
    expect(news).toBe(3)
  })

  it('leaves objects of other namespaces alone where one namespace is listed', () => {
    cacheOf('north').upsert(anObject('north/a'))
    cacheOf('south').upsert(anObject('south/b'))
    expect(cacheOf('north').replaceAll([])).toBe(1)
    expect([...objects.keys()]).toEqual(['south/b'])
  })

  it('keeps objects that nobody can change', () => {
    cache.upsert(anObject('clusters/a'))
    const kept = objects.get('clusters/a')
    expect(() => Object.assign(kept?.labels ?? {}, { team: 'blue' })).toThrow(TypeError)
  })

  it('tells an object again with the next list where the handler failed on it', () => {
    failsOn = () => true
    cache.upsert(anObject('clusters/a'))
    expect(objects.size).toBe(0)
    failsOn = () => false
    expect(cache.replaceAll([anObject('clusters/a')])).toBe(1)
    expect(told).toEqual(['upsert a uid-1@1 was -'])
  })

  it('tells a change again, from the same state before, where the handler failed on it', () => {
    cache.upsert(anObject('clusters/a'))
    failsOn = (line) => line.includes('@2')
    cache.upsert(anObject('clusters/a', 'uid-1', '2'))
    failsOn = () => false
    cache.replaceAll([anObject('clusters/a', 'uid-1', '2')])
    expect(told.at(-1)).toBe('upsert a uid-1@2 was 1')
  })

  it('tells a deletion again with the next list where the handler failed on it', () => {
    cache.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    cache.remove(anObject('clusters/a'))
    failsOn = () => false
    cache.replaceAll([])
    expect(told.at(-1)).toBe('delete a uid-1@1')
  })

  it('tells no successor before the handler has let go of the former object', () => {
    cache.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    cache.upsert(anObject('clusters/a', 'uid-2'))
    expect(told).toHaveLength(1)
    failsOn = () => false
    cache.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(told.slice(1)).toEqual(['delete a uid-1@1', 'upsert a uid-2@1 was -'])
  })

  it('says what is still to be told, until it is', () => {
    failsOn = () => true
    cache.upsert(anObject('clusters/a'))
    cache.upsert(anObject('clusters/b'))
    expect(cache.undelivered()).toEqual(['clusters/a', 'clusters/b'])
    cache.remove(anObject('clusters/b'))
    expect(cache.undelivered()).toEqual(['clusters/a'])
    failsOn = () => false
    cache.upsert(anObject('clusters/a', 'uid-1', '2'))
    expect(cache.undelivered()).toEqual([])
  })

  it('says that a successor is still to be told, until a list has told it', () => {
    cache.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    cache.upsert(anObject('clusters/a', 'uid-2'))
    expect(cache.undelivered()).toEqual(['clusters/a'])
    cache.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(cache.undelivered()).toEqual(['clusters/a'])
    failsOn = () => false
    cache.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(cache.undelivered()).toEqual([])
  })

  it('goes on with the other objects of a list, and logs which one the handler failed on', () => {
    failsOn = (line) => line.includes(' a ')
    cache.replaceAll([anObject('clusters/a'), anObject('clusters/b')])
    expect([...objects.keys()]).toEqual(['clusters/b'])
    expect(logged).toEqual([
      [
        'A watch handler failed; the next list delivers the change again',
        { object: 'clusters/a', error: 'Error: cannot take upsert a uid-1@1 was -' },
      ],
    ])
  })
})
