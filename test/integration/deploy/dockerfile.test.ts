import { describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { baseIn } from '../../../dev/image/build-image.ts'
import { flags } from '../../../src/config.ts'
import { allocatorContainer, packageJson, root, textOf } from './support.ts'

/** The Dockerfile's instructions, continued lines joined. */
const instructions = textOf('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')

function argumentsOf(instruction: string): string[] {
  return instructions
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1))
}

/** Files and folders of this repository that get into a stage. */
const copied = argumentsOf('COPY')
  .filter((line) => !line.startsWith('--from='))
  .flatMap((line) => line.split(' ').slice(0, -1))

describe('the Dockerfile', () => {
  it('builds on one image, with the version of Node.js that the npm scripts use, and on nothing in the end', () => {
    const version = packageJson().devDependencies['node']

    expect(baseIn(textOf('Dockerfile'))).toBe(`docker.io/library/node:${version}-bookworm-slim`)
    expect(argumentsOf('FROM')).toEqual(['${NODE_IMAGE} AS build', 'scratch'])
  })

  it('has nothing else fetched: a line for the syntax would pull an image', () => {
    expect(textOf('Dockerfile')).not.toMatch(/^#\s*syntax\s*=/im)
  })

  it('lets npm have settings and an authority that no image holds', () => {
    const [install = ''] = argumentsOf('RUN').filter((line) => line.includes('npm ci'))

    expect(install).toMatch(
      /^--mount=type=secret,id=npmrc,target=\/run\/secrets\/npmrc --mount=type=secret,id=ca,/,
    )
    expect(install).toContain(
      'npm_config_userconfig=/run/secrets/npmrc npm_config_cafile=/run/secrets/ca npm ci',
    )
  })

  it('copies files that exist, and .dockerignore lets through those and no others', () => {
    const [first, ...allowed] = textOf('.dockerignore')
      .replaceAll(/^#.*\n/gm, '')
      .trim()
      .split('\n')

    expect(first).toBe('*')
    expect(allowed.toSorted()).toEqual([...new Set(copied)].map((path) => `!${path}`).toSorted())
    for (const path of copied)
      expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true })
  })

  it('copies all that the scripts consist of', () => {
    const [, script = ''] = /^node (\S+)$/.exec(packageJson().scripts['build'] ?? '') ?? []
    const others = argumentsOf('RUN').flatMap((line) => line.match(/dev\/\S+\.ts/g) ?? [])
    const imported = (path: string): string[] =>
      [...textOf(path).matchAll(/from '(\.[^']+)'/g)].map(([, other = '']) => join(path, '..', other))
    const files = new Set([script, ...others])
    for (const file of files) for (const other of imported(file)) files.add(other)

    expect(copied).toEqual(expect.arrayContaining([...files]))
  })

  it('runs as a user that is not root, by number', () => {
    const [user = '', ...others] = argumentsOf('USER')

    expect(others).toEqual([])
    expect(user).toMatch(/^[1-9]\d*:\d+$/)
  })

  it('lets every user read what is copied from other stages', () => {
    const folders = argumentsOf('COPY')
      .filter((line) => line.startsWith('--from='))
      .map((line) => line.split(' ').at(1)?.replace('/app/', ''))
    const readable = argumentsOf('RUN').flatMap((line) =>
      [...line.matchAll(/chmod -R a\+rX (.+?)(?: &&|$)/g)].flatMap(([, list = '']) => list.split(' ')),
    )

    expect(folders.length).toBeGreaterThan(0)
    expect(new Set(readable)).toEqual(new Set(folders))
  })

  it('exposes the ports that the program listens on by default', () => {
    const off = '0'
    const ports = flags
      .flatMap((flag) =>
        flag.name.endsWith('bind-address') && 'fallback' in flag ? [flag.fallback.replace(':', '')] : [],
      )
      .filter((port) => port !== off)

    expect(argumentsOf('EXPOSE')).toEqual([ports.join(' ')])
  })

  it('starts the program by the name that package.json gives it, with arguments that the Deployment repeats', () => {
    expect(JSON.parse(argumentsOf('ENTRYPOINT')[0] ?? '')).toEqual(Object.keys(packageJson().bin))
    expect(JSON.parse(argumentsOf('CMD')[0] ?? '')).toEqual(allocatorContainer().args)
  })

  it('installs from the lock file, without install scripts', () => {
    const installs = argumentsOf('RUN').filter((line) => line.includes('npm ci'))

    expect(installs).toHaveLength(1)
    for (const install of installs) expect(install).toContain('--ignore-scripts')
  })
})
