import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RegistrationOwner } from '../../../src/domain/extension/registration.ts'
import { arrayOf, objectOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { extensionConfigFrom, type ExtensionConfig } from '../../../src/domain/model/extension-config.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { keepRegistered } from '../../../src/runtime-extension/keep-registered.ts'
import { eventually } from '../../support/eventually.ts'
import { makeAuthority } from '../../support/make-certificates.ts'

let directory: string
let path: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'keep-registered-'))
  path = join(directory, 'ca.crt')
})

afterAll(() => rmSync(directory, { recursive: true }))

interface Scene {
  readonly applied: readonly JsonObject[]
  readonly lines: readonly string[]
  /** What each attempt has said. */
  readonly attempts: readonly (string | undefined)[]
  /** The resourceVersion that each request was made for. */
  readonly versions: readonly (string | undefined)[]
  /** Each caBundle that was told to be registered. */
  readonly bundles: readonly string[]
  /** Failures of the next requests. */
  readonly conflicts: Error[]
  failure: string | undefined
  isReady: boolean
  existing: ExtensionConfig | undefined
  owner: RegistrationOwner | undefined
  looks(): number
  end(): Promise<void>
}

function start({
  againMs = 60_000,
  isReady = true,
  owner = '',
  existing = undefined as ExtensionConfig | undefined,
} = {}): Scene {
  let looks = 0
  const applied: JsonObject[] = []
  const lines: string[] = []
  const over = new AbortController()
  const attempts: (string | undefined)[] = []
  const versions: (string | undefined)[] = []
  const bundles: string[] = []
  const scene: Omit<Scene, 'end'> = {
    applied,
    lines,
    attempts,
    versions,
    bundles,
    conflicts: [],
    failure: undefined,
    isReady,
    existing,
    owner: { name: owner, uid: 'first' },
    looks: () => looks,
  }
  const done = keepRegistered({
    registration: {
      name: 'vip',
      address: { url: 'https://vip' },
      authority: path,
      namespaces: [],
      owner: owner === '' ? undefined : owner,
    },
    configs: {
      get: () => Promise.resolve(scene.existing),
      ownerOf: (name) => Promise.resolve(name === owner ? scene.owner : undefined),
      apply: async (config, _, resourceVersion) => {
        await Promise.resolve()
        versions.push(resourceVersion)
        const [conflict] = scene.conflicts.splice(0, 1)
        if (conflict !== undefined) throw conflict
        if (scene.failure !== undefined) throw new Error(scene.failure)
        applied.push(config)
      },
    },
    isReady: () => {
      looks += 1
      return scene.isReady
    },
    onRegistered: (caBundle) => void bundles.push(caBundle),
    onAttempt: (trouble) => void attempts.push(trouble),
    log: {
      info: (message) => void lines.push(message),
      warn: (message, fields) => void lines.push(`${message}: ${String(fields?.error)}`),
    },
    signal: over.signal,
    timings: { checkMs: 5, firstMs: 5, againMs },
  })
  return Object.assign(scene, {
    end: async () => {
      over.abort()
      await done
    },
  })
}

function until(scene: Scene, count: number): Promise<unknown> {
  return eventually(`${count} requests`, async () => (scene.applied.length >= count ? true : undefined))
}

function authorityIn(config: JsonObject | undefined): string {
  const { caBundle } = objectOf(objectOf(config?.['spec'])['clientConfig'])
  return Buffer.from(String(caBundle), 'base64').toString()
}

function aConflict(): Error {
  return new KubernetesError('apply ExtensionConfig vip: modified', { kind: 'conflict', status: 409 })
}

describe('the registration', () => {
  const [first, second] = [makeAuthority('first').cert, makeAuthority('second').cert]

  it('is made once, and again with another authority', async () => {
    writeFileSync(path, first)
    const scene = start()
    await until(scene, 1)
    writeFileSync(path, second)
    await until(scene, 2)
    await scene.end()
    expect(scene.applied.map(authorityIn)).toEqual([first, second])
    expect(scene.lines).toEqual(['Registered the runtime extension', 'Registered the runtime extension'])
  })

  it('keeps the authority that another replica has registered, and replaces nothing that it has not read', async () => {
    writeFileSync(path, second)
    const existing = extensionConfigFrom({
      metadata: { name: 'vip', resourceVersion: '7' },
      spec: { clientConfig: { url: 'https://vip', caBundle: btoa(first) } },
    })
    const scene = start({ existing })
    await until(scene, 1)
    await scene.end()
    expect(scene.applied.map(authorityIn)).toEqual([second + first])
    expect(scene.bundles).toEqual([second + first])
    expect(scene.versions).toEqual(['7'])
  })

  it('is made at once again if somebody has written meanwhile, without a line', async () => {
    writeFileSync(path, first)
    const scene = start()
    scene.conflicts.push(aConflict(), aConflict())
    await until(scene, 1)
    await scene.end()
    expect(scene.versions).toHaveLength(3)
    expect(scene.lines).toEqual(['Registered the runtime extension'])
  })

  it('is made again after a while, should somebody have deleted it, without a line', async () => {
    const scene = start({ againMs: 10 })
    await until(scene, 3)
    await scene.end()
    expect(scene.lines).toHaveLength(1)
  })

  it('is not made before calls can be answered', async () => {
    const scene = start({ isReady: false })
    await eventually('three looks', async () => (scene.looks() >= 3 ? true : undefined))
    expect(scene.applied).toEqual([])
    expect(scene.attempts).toEqual([])
    scene.isReady = true
    await until(scene, 1)
    await scene.end()
  })

  it('is tried again after a failure, which is logged once', async () => {
    writeFileSync(path, 'half a file')
    const scene = start()
    await eventually('a line', async () => (scene.lines.length > 0 ? true : undefined))
    scene.failure = 'forbidden'
    writeFileSync(path, first)
    await eventually('another line', async () => (scene.lines.length > 1 ? true : undefined))
    scene.failure = undefined
    await until(scene, 1)
    await scene.end()
    expect(scene.lines).toEqual([
      `Cannot register the runtime extension; trying again: authority of the runtime extension (--runtime-extension-ca) ${path} holds no certificate, expected PEM`,
      'Cannot register the runtime extension; trying again: forbidden',
      'Registered the runtime extension',
    ])
  })

  it('is not made without the file of its authority, which the line names with its flag', async () => {
    rmSync(path, { force: true })
    const scene = start()
    await eventually('a line', async () => (scene.lines.length > 0 ? true : undefined))
    writeFileSync(path, first)
    await until(scene, 1)
    await scene.end()
    expect(scene.lines).toEqual([
      expect.stringMatching(
        /^Cannot register the runtime extension; trying again: authority of the runtime extension \(--runtime-extension-ca\) cannot be read: .*ENOENT.*ca\.crt'$/,
      ),
      'Registered the runtime extension',
    ])
  })

  it('has its owner as it is now', async () => {
    writeFileSync(path, first)
    const scene = start({ owner: 'hooks' })
    await until(scene, 1)
    scene.owner = { name: 'hooks', uid: 'second' }
    await until(scene, 2)
    await scene.end()
    const owners = scene.applied.map((config) => arrayOf(objectOf(config['metadata'])['ownerReferences']))
    expect(owners).toMatchObject([[{ uid: 'first' }], [{ uid: 'second' }]])
  })

  it('is not made while its owner is away, also if it is due again', async () => {
    writeFileSync(path, first)
    const scene = start({ owner: 'hooks', againMs: 0 })
    await until(scene, 1)
    scene.owner = undefined
    await untilTrouble(scene, 'ClusterRole hooks, its owner, does not exist, or is being deleted')
    const made = scene.applied.length
    await eventually('three more looks', untilLooks(scene, scene.looks() + 3))
    expect(scene.applied).toHaveLength(made)
    scene.owner = { name: 'hooks', uid: 'first' }
    await until(scene, made + 1)
    await eventually('no trouble', async () => (scene.attempts.at(-1) === undefined ? true : undefined))
    await scene.end()
    expect(scene.lines).toEqual([
      'Registered the runtime extension',
      'Cannot register the runtime extension; trying again: ClusterRole hooks, its owner, does not exist, or is being deleted',
      'Registered the runtime extension',
    ])
  })

  it('never takes the ExtensionConfig of another installation, before or after it was made', async () => {
    writeFileSync(path, first)
    const url = 'https://other'
    const other = extensionConfigFrom({ metadata: { name: 'vip' }, spec: { clientConfig: { url } } })
    const words =
      'ExtensionConfig vip is that of another installation: it leads to https://other, not to https://vip'
    const scene = start({ againMs: 0 })
    await until(scene, 1)
    scene.existing = other
    await untilTrouble(scene, words)
    const made = scene.applied.length
    await eventually('three more looks', untilLooks(scene, scene.looks() + 3))
    await scene.end()
    expect(scene.applied).toHaveLength(made)
    expect(scene.lines.slice(1)).toEqual([`Cannot register the runtime extension; trying again: ${words}`])
  })
})

function untilTrouble(scene: Scene, words: string): Promise<unknown> {
  return eventually(words, async () => (scene.attempts.at(-1) === words ? true : undefined))
}

function untilLooks(scene: Scene, count: number): () => Promise<true | undefined> {
  return async () => (scene.looks() >= count ? true : undefined)
}
