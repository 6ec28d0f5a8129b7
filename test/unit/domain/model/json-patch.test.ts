import { describe, expect, it } from '@jest/globals'
import { appliedTo, pathTo, type JsonPatchOperation } from '../../../../src/domain/model/json-patch.ts'

const object = {
  metadata: { name: 'demo', annotations: { 'a/b': '1' } },
  spec: { variables: [{ name: 'x', value: '1' }, { name: 'y' }], port: 0 },
}

describe('an object with a patch applied', () => {
  it.each<[string, JsonPatchOperation, object]>([
    [
      'sets a field that was not there',
      { op: 'add', path: '/spec/host', value: 'h' },
      { spec: { ...object.spec, host: 'h' } },
    ],
    [
      'replaces a field',
      { op: 'replace', path: '/spec/port', value: 6443 },
      { spec: { ...object.spec, port: 6443 } },
    ],
    [
      'reads escaped names',
      { op: 'add', path: '/metadata/annotations/a~1b', value: '2' },
      { metadata: { name: 'demo', annotations: { 'a/b': '2' } } },
    ],
    [
      'removes a field',
      { op: 'remove', path: '/metadata/annotations/a~1b' },
      { metadata: { name: 'demo', annotations: {} } },
    ],
    [
      'appends to a list',
      { op: 'add', path: '/spec/variables/-', value: { name: 'z' } },
      { spec: { port: 0, variables: [...object.spec.variables, { name: 'z' }] } },
    ],
    [
      'inserts into a list',
      { op: 'add', path: '/spec/variables/0', value: { name: 'z' } },
      { spec: { port: 0, variables: [{ name: 'z' }, ...object.spec.variables] } },
    ],
    [
      'replaces an entry of a list',
      { op: 'replace', path: '/spec/variables/0', value: { name: 'z' } },
      { spec: { port: 0, variables: [{ name: 'z' }, { name: 'y' }] } },
    ],
    [
      'removes an entry of a list',
      { op: 'remove', path: '/spec/variables/0' },
      { spec: { port: 0, variables: [{ name: 'y' }] } },
    ],
    [
      'reaches into an entry of a list',
      { op: 'add', path: '/spec/variables/1/value', value: '2' },
      { spec: { port: 0, variables: [object.spec.variables[0], { name: 'y', value: '2' }] } },
    ],
  ])('%s', (_, operation, changed) => {
    expect(appliedTo(object, [operation])).toEqual({ ...object, ...changed })
  })

  it('leaves the one that was given as it was, and applies in order', () => {
    const before = structuredClone(object)
    expect(
      appliedTo(object, [
        { op: 'add', path: '/spec/labels', value: {} },
        { op: 'add', path: '/spec/labels/a', value: 'b' },
      ]),
    ).toMatchObject({ spec: { labels: { a: 'b' } } })
    expect(object).toEqual(before)
  })
})

describe('a path', () => {
  it('escapes what a name holds, and is read back the same', () => {
    expect(pathTo('a~b', 'c/d', 0)).toBe('/a~0b/c~1d/0')
    const value = { 'a~b': { 'c/d': 1 } }
    expect(appliedTo(value, [{ op: 'replace', path: pathTo('a~b', 'c/d'), value: 2 }])).toEqual({
      'a~b': { 'c/d': 2 },
    })
  })

  it('reaches into an object that is being removed from', () => {
    expect(appliedTo({ a: { b: 1, c: 2 }, d: [1, 2] }, [{ op: 'remove', path: '/a/b' }])).toEqual({
      a: { c: 2 },
      d: [1, 2],
    })
  })
})
