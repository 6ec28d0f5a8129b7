import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { makeAuthority } from '../../../support/make-certificates.ts'

const module = join(import.meta.dirname, '../../../../src/kubernetes/transport/trusted-roots.ts')
const ours = makeAuthority('ours')
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trusted-roots-test-'))
  mkdirSync(join(directory, 'empty'))
  writeFileSync(join(directory, 'ca.crt'), ours.cert)
})
afterAll(() => rmSync(directory, { recursive: true }))

/** What a program of its own trusts, since Node.js reads authorities once: in our list, and by default. */
async function trustedWith(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly listed: readonly string[]; readonly byDefault: readonly string[] }> {
  const script = `
    import { getCACertificates } from 'node:tls'
    import { trustedRoots, trustSystemRoots } from ${JSON.stringify(pathToFileURL(module).href)}
    const listed = trustedRoots()
    trustSystemRoots()
    console.log(JSON.stringify({ listed, byDefault: getCACertificates('default') }))`
  const nothing = { SSL_CERT_FILE: join(directory, 'none'), SSL_CERT_DIR: join(directory, 'empty') }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env['PATH'], ...nothing, ...env },
    maxBuffer: 8 * 1024 * 1024,
  })
  return JSON.parse(stdout) as Awaited<ReturnType<typeof trustedWith>>
}

/** PEM without differences of line ends. */
function plain(pems: readonly string[]): readonly string[] {
  return pems.map((pem) => pem.replaceAll(/\s/g, '')).toSorted()
}

describe('trusted roots', () => {
  it.each(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])(
    'are those of %s beside those of Node.js',
    async (variable) => {
      const { listed, byDefault } = await trustedWith({ [variable]: join(directory, 'ca.crt') })
      expect(plain(listed)).toEqual(plain([...rootCertificates, ours.cert]))
      expect(plain(byDefault)).toEqual(plain(listed))
    },
  )

  it('are those of Node.js where the system has no file of them', async () => {
    const { listed, byDefault } = await trustedWith({})
    expect(plain(listed)).toEqual(plain(rootCertificates))
    expect(plain(byDefault)).toEqual(plain(listed))
  })

  it('hold each authority once', async () => {
    const file = join(directory, 'ca.crt')
    const { listed } = await trustedWith({ SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file })
    expect(listed.filter((pem) => plain([pem])[0] === plain([ours.cert])[0])).toHaveLength(1)
  })
})
