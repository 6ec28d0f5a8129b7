import { beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { realParts } from '../../test/support/real-parts.ts'
import { printError } from '../command.ts'
import { ensurePrograms } from '../stack/programs.ts'
import { runCommand } from '../stack/run-command.ts'
import { releaseFiles, type ReleaseSource } from './release-files.ts'

const version = '1.2.3'
let source: ReleaseSource
let files: ReadonlyMap<string, Buffer>

beforeAll(async () => {
  const programs = await ensurePrograms(['cyclonedx-npm'], printError)
  source = {
    programs: { helm: realParts().helm, 'cyclonedx-npm': programs['cyclonedx-npm'].path },
    version,
    epoch: 1_700_000_000,
  }
  files = await releaseFiles(source)
})

function textOf(name: string): string {
  const content = files.get(name)
  if (content === undefined) throw new Error(`the release has no ${name}`)
  return content.toString('utf8')
}

describe('the files of a release', () => {
  it('are the same bytes each time', async () => {
    const again = await releaseFiles(source)

    expect([...again.keys()]).toEqual([...files.keys()])
    for (const [name, content] of again) {
      expect({ name, isSame: files.get(name)?.equals(content) }).toEqual({ name, isSame: true })
    }
  })

  it('have checksums that sha256sum accepts', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'release-test-'))
    try {
      for (const [name, content] of files) writeFileSync(join(directory, name), content)
      const checked = await runCommand({
        command: 'sha256sum',
        args: ['--check', 'checksums.txt'],
        cwd: directory,
      })
      expect(checked.trim().split('\n')).toEqual(
        [...files.keys()].filter((name) => name !== 'checksums.txt').map((name) => `${name}: OK`),
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('have the chart with its version and that of the image', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'release-test-'))
    try {
      const archive = join(directory, 'chart.tgz')
      writeFileSync(archive, files.get(`capi-vip-allocator-${version}.tgz`) ?? '')
      const chart = await runCommand({
        command: realParts().helm,
        args: ['show', 'chart', archive],
        cwd: directory,
      })
      expect(chart).toContain(`version: ${version}\n`)
      expect(chart).toContain(`appVersion: ${version}\n`)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('have every package that runs in the bill of materials, and no other', () => {
    interface Component {
      readonly group?: string
      readonly name: string
      readonly version: string
      readonly components?: readonly Component[]
    }
    const bill: { components: readonly Component[] } = JSON.parse(textOf('sbom.cdx.json'))
    const allIn = (components: readonly Component[]): readonly string[] =>
      components.flatMap(({ group, name, version: of, components: inside = [] }) => [
        `${group === undefined ? '' : `${group}/`}${name}@${of}`,
        ...allIn(inside),
      ])
    const lock: { packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean }> } =
      JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'))
    const run = Object.entries(lock.packages)
      .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
      .map(([path, { version: of }]) => `${path.replace(/^.*node_modules\//, '')}@${of}`)

    expect([...new Set(allIn(bill.components))].toSorted()).toEqual([...new Set(run)].toSorted())
  })

  it('have every object of the manifests in one file', () => {
    const kinds = parseAllDocuments(textOf('manifests.yaml')).map((document) => String(document.get('kind')))

    expect([...kinds].toSorted((a, b) => a.localeCompare(b))).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'Deployment',
      'Namespace',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ])
  })
})
