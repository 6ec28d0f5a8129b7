import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { objectOf, type JsonObject } from '../../../src/domain/model/decode.ts'
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
  failure: string | undefined
  isReady: boolean
  looks(): number
  end(): Promise<void>
}

function start(againMs = 60_000, isReady = true): Scene {
  let looks = 0
  const applied: JsonObject[] = []
  const lines: string[] = []
  const over = new AbortController()
  const scene: Omit<Scene, 'end'> = { applied, lines, failure: undefined, isReady, looks: () => looks }
  const done = keepRegistered({
    registration: { name: 'vip', address: { url: 'https://vip' }, authority: path, namespaces: [] },
    configs: {
      apply: async (config) => {
        await Promise.resolve()
        if (scene.failure !== undefined) throw new Error(scene.failure)
        applied.push(config)
      },
    },
    isReady: () => {
      looks += 1
      return scene.isReady
    },
    log: {
      info: (message) => void lines.push(message),
      warn: (message, fields) => void lines.push(`${message}: ${String(fields?.error)}`),
    },
    signal: over.signal,
    timings: { checkMs: 5, againMs },
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

  it('is made again after a while, should somebody have deleted it, without a line', async () => {
    const scene = start(10)
    await until(scene, 3)
    await scene.end()
    expect(scene.lines).toHaveLength(1)
  })

  it('is not made before calls can be answered', async () => {
    const scene = start(60_000, false)
    await eventually('three looks', async () => (scene.looks() >= 3 ? true : undefined))
    expect(scene.applied).toEqual([])
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
      `Cannot register the runtime extension; trying again: authority of the runtime extension ${path} holds no certificate, expected PEM`,
      'Cannot register the runtime extension; trying again: forbidden',
      'Registered the runtime extension',
    ])
  })
})
