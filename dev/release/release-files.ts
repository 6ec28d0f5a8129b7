import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allocatorManifests } from '../allocator.ts'
import { chartDirectory, runHelm } from '../chart/helm.ts'
import { manifestText } from '../stack/manifests.ts'
import { runCommand } from '../stack/run-command.ts'

const root = join(import.meta.dirname, '..', '..')

/** What a release consists of. */
export interface ReleaseSource {
  /** Programs that make the files, by their paths. */
  readonly programs: Readonly<Record<'helm' | 'cyclonedx-npm', string>>
  readonly version: string
  /** When the sources were last changed, in seconds since 1970: the time of all files in archives. */
  readonly epoch: number
}

/**
 * Makes the files of a release, by name. The same sources make the same bytes.
 *
 * @throws CommandError if a program fails
 */
export async function releaseFiles(source: ReleaseSource): Promise<ReadonlyMap<string, Buffer>> {
  const [chart, billOfMaterials] = await Promise.all([
    packageChart(source),
    readBillOfMaterials(source.programs['cyclonedx-npm']),
  ])
  const components = fileOf('deploy/provider/components.yaml')
  const files = new Map([
    [`capi-vip-allocator-${source.version}.tgz`, chart],
    ['manifests.yaml', joinManifests()],
    // clusterctl and the Cluster API operator want one file for each type of provider.
    ['addon-components.yaml', components],
    ['runtime-extension-components.yaml', components],
    ['metadata.yaml', fileOf('deploy/provider/metadata.yaml')],
    ['sbom.cdx.json', billOfMaterials],
  ])
  return new Map([...files, ['checksums.txt', checksumsOf(files)]])
}

/** As `sha256sum --check` reads them. */
function checksumsOf(files: ReadonlyMap<string, Buffer>): Buffer {
  const lines = [...files].map(([name, content]) => `${sha256(content)}  ${name}\n`)
  return Buffer.from(lines.join(''))
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

async function packageChart({ programs, version, epoch }: ReleaseSource): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-release-'))
  try {
    const versions = [`--version=${version}`, `--app-version=${version}`]
    await runHelm(programs.helm, ['package', chartDirectory, ...versions, `--destination=${directory}`], {
      SOURCE_DATE_EPOCH: String(epoch),
    })
    return readFileSync(join(directory, `capi-vip-allocator-${version}.tgz`))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What `kubectl apply -k deploy/manifests` applies, as one file. */
function joinManifests(): Buffer {
  return Buffer.from(allocatorManifests.map(manifestText).join('---\n'))
}

/** The packages that run, by the lock file. */
async function readBillOfMaterials(program: string): Promise<Buffer> {
  const text = await runCommand({
    command: process.execPath,
    args: [
      program,
      '--package-lock-only',
      '--omit=dev',
      '--output-reproducible',
      '--mc-type=application',
      '--spec-version=1.6',
    ],
    cwd: root,
  })
  return Buffer.from(text)
}

function fileOf(path: string): Buffer {
  return readFileSync(join(root, path))
}
