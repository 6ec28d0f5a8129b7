import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseIn, buildImage } from './build-image.ts'
import type { Run } from './builders.ts'
import { parseOptions } from './options.ts'
import { librariesIn } from './root-filesystem.ts'
import { standInArguments } from './stand-in.ts'

const root = join(import.meta.dirname, '..', '..')
const official = baseIn(readFileSync(join(root, 'Dockerfile'), 'utf8'))
const defaults = parseOptions([], {}, 'allocator:1')

/** A podman with these images; `pull` fails for all others, as without a network. */
function podmanWith(images: string[]): { readonly run: Run; readonly calls: string[] } {
  const calls: string[] = []
  const run: Run = async (command, args) => {
    calls.push([command, ...args].join(' '))
    const last = args.at(-1) ?? ''
    if (command === 'docker') throw new Error('docker was not found on PATH')
    if (args[0] === 'pull') throw new Error('no such host')
    if (args[0] === 'image' && !images.includes(last)) throw new Error('no such image')
    if (args[0] === 'import') images.push(last)
    if (args[0] === 'build') images.push('allocator:1')
    return Promise.resolve('[{"Id": "1", "Size": 7}]')
  }
  return { run, calls }
}

describe('building the image', () => {
  it('asks no registry where the base is there', async () => {
    const { run, calls } = podmanWith([official])
    const lines: string[] = []
    const report = await buildImage(defaults, (line) => lines.push(line), run)
    expect(report).toMatchObject({
      image: 'allocator:1',
      bytes: 7,
      builder: 'podman',
      base: official,
      standIn: false,
    })
    expect(calls.filter((line) => line.includes(' pull '))).toEqual([])
    expect(lines).toContain(`base: ${official} is there`)
  })

  it('takes a stand-in where the base cannot be pulled, and says so', async () => {
    const standIn = `localhost/capi-vip-allocator-stand-in:node-${process.versions.node}`
    const { run, calls } = podmanWith([standIn])
    const lines: string[] = []
    const report = await buildImage(defaults, (line) => lines.push(line), run)
    expect(report).toMatchObject({ base: standIn, standIn: true })
    expect(calls.filter((line) => line.startsWith('podman build'))).toEqual([
      expect.stringContaining(`--build-arg=NODE_IMAGE=${standIn}`),
    ])
    expect(lines).toContain(
      `base: a stand-in from Debian's packages, for tests and not for publication (${official} cannot be pulled: no such host)`,
    )
  })

  it('takes no stand-in for a base that was named', async () => {
    const asked = buildImage({ ...defaults, base: 'mirror/node:24' }, () => undefined, podmanWith([]).run)
    await expect(asked).rejects.toThrow('no such host')
  })

  it('names a file that is not there', async () => {
    const asked = buildImage({ ...defaults, npmrc: '/none' }, () => undefined, podmanWith([]).run)
    await expect(asked).rejects.toThrow('--npmrc is "/none", expected a file')
  })
})

describe('the flags', () => {
  it('are few, and all have defaults', () => {
    expect(defaults).toEqual({
      ...{ tag: 'allocator:1', builder: undefined, base: undefined, standIn: false },
      ...{ npmrc: undefined, ca: undefined, save: undefined, json: false },
    })
    expect(parseOptions([], { NODE_EXTRA_CA_CERTS: '/ca.crt' }, 'a:1').ca).toBe('/ca.crt')
  })

  it.each([
    [['--builder=kaniko'], '--builder is "kaniko", expected docker, podman, buildah'],
    [['--output=yaml'], '--output is "yaml", expected text or json'],
    [['--base=x', '--stand-in'], '--base is "x" and --stand-in is set, expected one of them'],
    [['--tags=x'], "Unknown option '--tags'"],
  ])('that cannot be used are named: %j', (args, words) => {
    expect(() => parseOptions(args, {}, 'a:1')).toThrow(words)
  })
})

describe('the root file system', () => {
  it('has the libraries that ldd finds, and the loader', () => {
    const output = [
      '\tlinux-vdso.so.1 (0x00007f1)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f2)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f3)',
    ].join('\n')
    expect(librariesIn(output, 'node')).toEqual([
      '/lib/x86_64-linux-gnu/libm.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ])
    expect(() => librariesIn('\tlibatomic.so.1 => not found', 'node')).toThrow(
      'node needs the library libatomic.so.1, which is not there',
    )
  })
})

describe('the stand-in', () => {
  it('has the Node.js that runs, and an npm', () => {
    const args = standInArguments({
      archive: '/root.tar',
      node: process.execPath,
      npm: '/usr/lib/node_modules/npm',
    })
    expect(args.filter((line) => line.includes('copy-in'))).toEqual([
      expect.stringMatching(/copy-in \/.*\/node \/usr\/local\/bin$/),
      '--customize-hook=copy-in /usr/lib/node_modules/npm /usr/local/lib/node_modules',
    ])
    expect(args.slice(-2)).toEqual(['bookworm', '/root.tar'])
  })
})
