import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisMachine } from '../../../dev/node/machine.ts'
import { leaderVariable, runInNamespaces } from '../../../dev/node/namespaces.ts'
import { missingOn } from '../../../dev/node/requirements.ts'
import { eventually } from '../../support/eventually.ts'

const dev = join(import.meta.dirname, '../../../dev/node')
const reasons = missingOn(thisMachine())
const describeHere = reasons.length === 0 ? describe : describe.skip
const why = reasons.length === 0 ? '' : ` (not run: ${reasons.join('; ')})`

/** Files that the kubelet and its like would leave on this machine. */
const written = ['/var/lib/capi-vip-allocator-node-test', '/run/capi-vip-allocator-node-test']
const kernelValue = '/proc/sys/vm/overcommit_memory'

/** Makes a node's surroundings, writes what it sees there into a file, and waits for the end of its standard input. */
const program = `
  import { execFileSync } from 'node:child_process'
  import { readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
  const [{ nodeDirectory }, { mountSteps, networkSteps, take }] =
    await Promise.all(['place.ts', 'surroundings.ts'].map((file) => import('${dev}/' + file)))
  const [, directory] = process.argv
  await take([...mountSteps(nodeDirectory(directory + '/node')), ...networkSteps()])
  for (const path of ${JSON.stringify(written)}) writeFileSync(path, '')
  const seen = {
    network: readlinkSync('/proc/self/ns/net'),
    addresses: JSON.parse(execFileSync('ip', ['-json', 'address'], { encoding: 'utf8' }))
      .flatMap(({ addr_info }) => addr_info.map(({ local }) => local)),
    pid: process.pid,
    leader: process.env['${leaderVariable}'],
    kernelValue: readFileSync('${kernelValue}', 'utf8').trim(),
  }
  writeFileSync(directory + '/seen.part', JSON.stringify(seen))
  renameSync(directory + '/seen.part', directory + '/seen.json')
  process.stdin.once('end', () => process.exit(7)).resume()
`

interface Seen {
  readonly network: string
  readonly addresses: readonly string[]
  readonly pid: number
  readonly leader: string
  readonly kernelValue: string
}

describeHere(`the surroundings of a node${why}`, () => {
  const before = existsSync(kernelValue) ? readFileSync(kernelValue, 'utf8') : ''
  const stop = new AbortController()
  let directory: string
  let run: Promise<number>
  let seen: Seen

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'namespaces-test-'))
    const command = [process.execPath, '--no-warnings', '--input-type=module', '--eval', program, directory]
    run = runInNamespaces(command, { env: {}, signal: stop.signal })
    const path = join(directory, 'seen.json')
    const early = run.then((code) => Promise.reject(new Error(`the program ended early with ${code}`)))
    const read = async (): Promise<Seen> => JSON.parse(await readFile(path, 'utf8'))
    seen = await Promise.race([eventually('what the program sees', read), early])
  })

  afterAll(async () => {
    stop.abort()
    await run
    rmSync(directory, { recursive: true, force: true })
  })

  it('are a network with the address of the node, and processes of their own', () => {
    expect(seen.network).not.toBe(readlinkSync('/proc/self/ns/net'))
    expect(seen.addresses).toEqual(expect.arrayContaining(['127.0.0.1', '10.77.0.1']))
    // The first one is the shell that takes in orphans.
    expect(seen.pid).toBe(2)
  })

  it('are those of a process that others can enter', () => {
    expect(readlinkSync(`/proc/${seen.leader}/ns/net`)).toBe(seen.network)
  })

  it('have the kernel values that the kubelet wants, and leave those of the machine alone', () => {
    expect(seen.kernelValue).toBe('1')
    expect(readFileSync(kernelValue, 'utf8')).toBe(before)
  })

  it('keep what is written to /var and /run', () => {
    expect(written.filter((path) => existsSync(path))).toEqual([])
  })

  it('end with the exit code of the program, once they are asked to, and with all that is in them', async () => {
    stop.abort()
    expect(await run).toBe(7)
    expect(existsSync(`/proc/${seen.leader}`)).toBe(false)
  })
})

describe('a machine', () => {
  it('can be a node, or lacks something that the titles say', () => {
    expect(reasons.length === 0 ? 'it can' : why).not.toBe('')
  })
})
