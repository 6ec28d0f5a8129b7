import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectMeta } from '../../../../src/domain/model/object-meta.ts'
import { createStore, unchangedIn, type Store } from '../../../../src/kubernetes/informer/store.ts'

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
let store: Store<ObjectMeta>
/** The delivered changes, in order. */
let delivered: string[]
let logged: unknown[]
/** Makes the handler throw if it returns true. */
let failsOn: (delivered: string) => boolean

function deliver(line: string): void {
  if (failsOn(line)) throw new Error(`cannot handle ${line}`)
  delivered.push(line)
}

function storeOf(namespace: string): Store<ObjectMeta> {
  const handler = {
    onUpsert: (object: ObjectMeta, previous: ObjectMeta | undefined) =>
      deliver(
        `upsert ${object.name} ${object.uid}@${object.resourceVersion} was ${previous?.resourceVersion ?? '-'}`,
      ),
    onDelete: (object: ObjectMeta) =>
      deliver(`delete ${object.name} ${object.uid}@${object.resourceVersion}`),
  }
  return createStore(objects, namespace, handler, { error: (...line) => logged.push(line) })
}

beforeEach(() => {
  objects = new Map()
  delivered = []
  logged = []
  failsOn = () => false
  store = storeOf('')
})

describe('a store', () => {
  it('delivers a new object and a change of it, with the state before', () => {
    store.upsert(anObject('clusters/a'))
    store.upsert(anObject('clusters/a', 'uid-1', '2'))
    expect(delivered).toEqual(['upsert a uid-1@1 was -', 'upsert a uid-1@2 was 1'])
    expect(objects.get('clusters/a')?.resourceVersion).toBe('2')
  })

  it('delivers nothing if uid and resourceVersion are unchanged', () => {
    store.upsert(anObject('clusters/a'))
    expect(store.upsert(anObject('clusters/a'))).toBe(false)
    expect(delivered).toHaveLength(1)
  })

  it('delivers the deletion of a stored object, in its last state', () => {
    store.upsert(anObject('clusters/a'))
    expect(store.remove(anObject('clusters/a', 'uid-1', '2'))).toBe(true)
    expect(delivered.at(-1)).toBe('delete a uid-1@2')
    expect(objects.size).toBe(0)
  })

  it('delivers no deletion of an object that is not stored', () => {
    expect(store.remove(anObject('clusters/a'))).toBe(false)
    expect(delivered).toEqual([])
  })

  it('delivers an object that was recreated under its name as a deletion and a new object', () => {
    store.upsert(anObject('clusters/a', 'uid-1', '5'))
    store.upsert(anObject('clusters/a', 'uid-2', '9'))
    expect(delivered.slice(1)).toEqual(['delete a uid-1@5', 'upsert a uid-2@9 was -'])
  })

  it('delivers what a list adds, lacks and changes, and returns the number', () => {
    for (const key of ['clusters/same', 'clusters/changed', 'clusters/gone']) store.upsert(anObject(key))
    delivered = []
    const news = store.replaceAll([
      anObject('clusters/same'),
      anObject('clusters/changed', 'uid-1', '2'),
      anObject('clusters/new'),
    ])
    expect(delivered).toEqual([
      'delete gone uid-1@1',
      'upsert changed uid-1@2 was 1',
      'upsert new uid-1@1 was -',
    ])
    expect(news).toBe(3)
  })

  it('leaves objects of other namespaces alone if one namespace is listed', () => {
    storeOf('north').upsert(anObject('north/a'))
    storeOf('south').upsert(anObject('south/b'))
    expect(storeOf('north').replaceAll([])).toBe(1)
    expect([...objects.keys()]).toEqual(['south/b'])
  })

  it('freezes its objects', () => {
    store.upsert(anObject('clusters/a'))
    const kept = objects.get('clusters/a')
    expect(() => Object.assign(kept?.labels ?? {}, { team: 'blue' })).toThrow(TypeError)
  })

  it('delivers an object again with the next list if the handler failed on it', () => {
    failsOn = () => true
    store.upsert(anObject('clusters/a'))
    expect(objects.size).toBe(0)
    failsOn = () => false
    expect(store.replaceAll([anObject('clusters/a')])).toBe(1)
    expect(delivered).toEqual(['upsert a uid-1@1 was -'])
  })

  it('delivers a change again, from the same state before, if the handler failed on it', () => {
    store.upsert(anObject('clusters/a'))
    failsOn = (line) => line.includes('@2')
    store.upsert(anObject('clusters/a', 'uid-1', '2'))
    failsOn = () => false
    store.replaceAll([anObject('clusters/a', 'uid-1', '2')])
    expect(delivered.at(-1)).toBe('upsert a uid-1@2 was 1')
  })

  it('delivers a deletion again with the next list if the handler failed on it', () => {
    store.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    store.remove(anObject('clusters/a'))
    failsOn = () => false
    store.replaceAll([])
    expect(delivered.at(-1)).toBe('delete a uid-1@1')
  })

  it('delivers no successor before the handler has processed the deletion of its predecessor', () => {
    store.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    store.upsert(anObject('clusters/a', 'uid-2'))
    expect(delivered).toHaveLength(1)
    failsOn = () => false
    store.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(delivered.slice(1)).toEqual(['delete a uid-1@1', 'upsert a uid-2@1 was -'])
  })

  it('reports what is undelivered until it is delivered', () => {
    failsOn = () => true
    store.upsert(anObject('clusters/a'))
    store.upsert(anObject('clusters/b'))
    expect(store.undelivered()).toEqual(['clusters/a', 'clusters/b'])
    store.remove(anObject('clusters/b'))
    expect(store.undelivered()).toEqual(['clusters/a'])
    failsOn = () => false
    store.upsert(anObject('clusters/a', 'uid-1', '2'))
    expect(store.undelivered()).toEqual([])
  })

  it('reports a successor as undelivered until a list delivers it', () => {
    store.upsert(anObject('clusters/a'))
    failsOn = (line) => line.startsWith('delete')
    store.upsert(anObject('clusters/a', 'uid-2'))
    expect(store.undelivered()).toEqual(['clusters/a'])
    store.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(store.undelivered()).toEqual(['clusters/a'])
    failsOn = () => false
    store.replaceAll([anObject('clusters/a', 'uid-2')])
    expect(store.undelivered()).toEqual([])
  })

  it('continues with the other objects of a list, and logs the one that the handler failed on', () => {
    failsOn = (line) => line.includes(' a ')
    store.replaceAll([anObject('clusters/a'), anObject('clusters/b')])
    expect([...objects.keys()]).toEqual(['clusters/b'])
    expect(logged).toEqual([
      [
        'A watch handler failed; the next list delivers the change again',
        { object: 'clusters/a', error: 'Error: cannot handle upsert a uid-1@1 was -' },
      ],
    ])
  })
})

describe('an object that is listed again', () => {
  const listed = (name: string, uid: string, resourceVersion: string): unknown => ({
    metadata: { namespace: 'clusters', name, uid, resourceVersion },
  })

  it('is the stored one while its version is the same', () => {
    store.upsert(anObject('clusters/a', 'uid-1', '1'))
    expect(unchangedIn(objects, listed('a', 'uid-1', '1'))).toBe(objects.get('clusters/a'))
  })

  it.each([
    ['it has changed', 'a', 'uid-1', '2'],
    ['it was created again', 'a', 'uid-2', '1'],
    ['it is new', 'b', 'uid-1', '1'],
  ])('is decoded where %s', (_, name, uid, resourceVersion) => {
    store.upsert(anObject('clusters/a', 'uid-1', '1'))
    expect(unchangedIn(objects, listed(name, uid, resourceVersion))).toBeUndefined()
  })

  it('is decoded where nothing can be read of it', () => {
    expect(unchangedIn(objects, undefined)).toBeUndefined()
  })
})
