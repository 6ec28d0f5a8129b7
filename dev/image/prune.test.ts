import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { globSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { prune } from './prune.ts'

const platform = 'x86_64-unknown-linux-gnu'
const core = `@temporalio/core-bridge/releases/${platform}/index.node`
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prune-test-'))
  write('package.json', { dependencies: { '@temporalio/worker': '1' }, devDependencies: { jest: '1' } })
  install('@temporalio/worker', ['@temporalio/core-bridge', '@swc/core', 'webpack'], 'lib/index.js')
  install('@temporalio/core-bridge', [], 'index.js')
  write(`node_modules/${core}`, '')
})
afterEach(() => rmSync(root, { recursive: true }))

function write(path: string, content: unknown): void {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, JSON.stringify(content))
}

function install(name: string, dependencies: readonly string[], ...files: readonly string[]): void {
  const wanted = Object.fromEntries(dependencies.map((dependency) => [dependency, '1']))
  write(`node_modules/${name}/package.json`, { dependencies: wanted })
  for (const file of files) write(`node_modules/${name}/${file}`, '')
}

/** All files that are left in these packages. */
function left(...packages: readonly string[]): readonly string[] {
  const modules = join(root, 'node_modules')
  return globSync('**', { cwd: modules })
    .filter((path) => !lstatSync(join(modules, path)).isDirectory())
    .filter((path) => packages.length === 0 || packages.some((name) => path.startsWith(`${name}/`)))
    .toSorted()
}

describe('pruning', () => {
  it('keeps the program, and removes packages of development', () => {
    install('jest', ['chalk'], 'index.js')
    install('chalk', [], 'index.js')
    write('node_modules/.bin/jest', '')
    write('node_modules/.package-lock.json', {})
    prune(root, platform)
    expect(left()).toEqual([
      '@temporalio/core-bridge/index.js',
      '@temporalio/core-bridge/package.json',
      core,
      '@temporalio/worker/lib/index.js',
      '@temporalio/worker/package.json',
    ])
    expect(globSync('*', { cwd: join(root, 'node_modules') })).toEqual(['@temporalio'])
  })

  it('removes what only bundling needs, but not what something else needs, too', () => {
    install(
      'webpack',
      ['terser', 'util-of-both'],
      'lib/index.js',
      'lib/util/memoize.js',
      'lib/Compiler.js',
      'bin/webpack.js',
    )
    install('@swc/core', [], 'index.js')
    install('terser', [], 'main.js')
    install('util-of-both', [], 'index.js')
    write('package.json', { dependencies: { '@temporalio/worker': '1', 'util-of-both': '1' } })
    prune(root, platform)
    expect(left('webpack', '@swc', 'terser', 'util-of-both')).toEqual([
      'util-of-both/index.js',
      'util-of-both/package.json',
      'webpack/lib/index.js',
      'webpack/lib/util/memoize.js',
      'webpack/package.json',
    ])
  })

  it('finds packages as Node.js does: the nearest, also optional ones and peers', () => {
    write('package.json', {
      dependencies: { '@temporalio/worker': '1', a: '1' },
      optionalDependencies: { optional: '1', absent: '1' },
    })
    install('a', ['b'], 'index.js')
    install('a/node_modules/b', [], 'index.js')
    install('b', [], 'index.js')
    install('optional', [], 'index.js')
    write('node_modules/optional/package.json', { peerDependencies: { peer: '1' } })
    install('peer', [], 'index.js')
    prune(root, platform)
    expect(left('a', 'b', 'optional', 'peer')).toEqual([
      'a/index.js',
      'a/node_modules/b/index.js',
      'a/node_modules/b/package.json',
      'a/package.json',
      'optional/index.js',
      'optional/package.json',
      'peer/index.js',
      'peer/package.json',
    ])
  })

  it('removes types, maps, documents and tests, and keeps licenses', () => {
    write('package.json', { dependencies: { '@temporalio/worker': '1', a: '1' } })
    const kept = [
      'LICENSE',
      'LICENSE.md',
      'data.json',
      'dist/doc/index.js',
      'dist/test.js',
      'index.js',
      'notice.md',
    ]
    install(
      'a',
      [],
      ...kept,
      ...['index.d.ts', 'index.js.map', 'src/index.ts', 'README.md', 'x.bare', '.eslintrc'],
    )
    install('a', [], ...['test/index.js', 'docs/page.html', 'examples/one.js', '.github/settings.json'])
    prune(root, platform)
    expect(left('a')).toEqual([...kept, 'package.json'].map((file) => `a/${file}`).toSorted())
  })

  it('keeps the native core of one platform, without its sources', () => {
    write('node_modules/@temporalio/core-bridge/releases/aarch64-apple-darwin/index.node', '')
    write('node_modules/@temporalio/core-bridge/sdk-core/lib.c', '')
    prune(root, platform)
    expect(left('@temporalio/core-bridge')).toEqual([
      '@temporalio/core-bridge/index.js',
      '@temporalio/core-bridge/package.json',
      core,
    ])
  })

  it('fails for a platform without a native core, before anything is removed', () => {
    const before = left()
    expect(() => prune(root, 's390x-unknown-linux-gnu')).toThrow(
      `there is no native core of Temporal for s390x-unknown-linux-gnu, only for ${platform}`,
    )
    expect(left()).toEqual(before)
  })
})
