import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { inspect } from 'node:util'
import { loadTemporalConfig, renewedIn } from '../../../../src/commands/temporal/config.ts'
import { makeAuthority } from '../../../support/make-certificates.ts'
import { plantedSecrets } from '../../../support/planted-secrets.ts'

const variable = 'TEMPORAL_CONFIG_FILE'
const variables = [variable, 'TEMPORAL_TLS', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS_SERVER_CA_CERT_DATA'] as const
const before = variables.map((name) => [name, process.env[name]] as const)
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'temporal-config-test-'))
  writeFileSync(join(directory, 'none.toml'), '[profile.default]\n')
})
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

/** PEM of the authorities that the settings name, for both kinds of connection. */
function authorities(env: Readonly<Record<string, string>>): string | undefined {
  Object.assign(process.env, { [variable]: join(directory, 'none.toml') }, env)
  const { tls } = loadTemporalConfig().connectionOptions
  const named = typeof tls === 'object' ? tls?.serverRootCACertificate : undefined
  return named && Buffer.from(named).toString()
}

describe('the certificate authorities of Temporal', () => {
  it.each([{ TEMPORAL_TLS: 'true' }, { TEMPORAL_API_KEY: 'a-key' }])(
    'are all that are trusted here where none is named, with %j',
    (env) => {
      for (const root of rootCertificates) expect(authorities(env)).toContain(root)
    },
  )

  it('are those that are named, alone', () => {
    const { cert } = makeAuthority('ours')
    expect(authorities({ TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_DATA: cert })).toBe(cert)
  })

  it.each([{}, { TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'a-key' }])(
    'are none without TLS, with %j',
    (env) => {
      expect(authorities(env)).toBeUndefined()
    },
  )

  it('are no change of the credentials when they are read again', () => {
    Object.assign(process.env, { [variable]: join(directory, 'none.toml'), TEMPORAL_TLS: 'true' })
    expect(renewedIn(loadTemporalConfig(), loadTemporalConfig())).toEqual([])
  })
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
