import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { loadTemporalConfig } from '../../../../src/commands/temporal/config.ts'
import { plantedSecrets } from '../../../support/planted-secrets.ts'

const variable = 'TEMPORAL_CONFIG_FILE'
const before = process.env[variable]
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'temporal-config-test-'))
})
afterAll(() => {
  if (before === undefined) delete process.env[variable]
  else process.env[variable] = before
  rmSync(directory, { recursive: true })
})

describe('a Temporal configuration that cannot be read', () => {
  it.each<[string, (secret: string) => string]>([
    ['a quote that does not end', (secret) => `[profile.default]\napi_key = "${secret}\n`],
    ['a key without value', (secret) => `[profile.default]\napi_key = "${secret}"\nbroken =\n`],
    ['a text without quotes', (secret) => `[profile.default]\napi_key = ${secret}\n`],
    ['a text in the place of a profile', (secret) => `[profile]\ndefault = "${secret}"\n`],
  ])('is named without the credentials in it: %s', (_, contents) => {
    const secrets = plantedSecrets()
    const path = join(directory, 'temporal.toml')
    writeFileSync(path, contents(secrets.plant('credentials')))
    process.env[variable] = path
    let thrown: unknown
    try {
      loadTemporalConfig()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toHaveProperty('message', expect.stringContaining(variable))
    expect(secrets.leaksIn(inspect(thrown, { depth: 10 }))).toEqual([])
  })
})
