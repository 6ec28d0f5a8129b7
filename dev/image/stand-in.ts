import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { guardDirectory } from '../stack/cleanup.ts'
import type { Builder, Run } from './builders.ts'

/** Where the image of Node.js cannot be pulled: Debian's packages, with the Node.js and npm of this machine. */
export function standInName(version: string): string {
  return `localhost/capi-vip-allocator-stand-in:node-${version}`
}

/** As in the official image. */
const suite = 'bookworm'

/**
 * Makes the stand-in, if it is not there yet. It holds what the build needs, not what the official image has.
 *
 * @throws Error that says what is missing for it
 */
export async function ensureStandIn(builder: Builder, image: string, run: Run): Promise<void> {
  if (await builder.has(image)) return
  const directory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-image-'))
  guardDirectory(directory)
  try {
    const archive = join(directory, 'root.tar')
    await run('mmdebstrap', standInArguments({ archive, node: process.execPath, npm: npmFolder() }))
    await builder.importArchive(archive, image)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Of `mmdebstrap`, which makes a root file system of Debian without being root. */
export function standInArguments(from: {
  readonly archive: string
  readonly node: string
  readonly npm: string
}): readonly string[] {
  const links = ['npm', 'npx'].map(
    (name) => `ln -s ../lib/node_modules/npm/bin/${name}-cli.js /usr/local/bin/${name}`,
  )
  return [
    '--variant=essential',
    // The other one that Debian's base packages accept brings perl along.
    '--include=usr-is-merged,libstdc++6',
    '--aptopt=Acquire::Languages "none"',
    ...['man', 'locale', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--customize-hook=copy-in ${realpathSync(from.node)} /usr/local/bin`,
    '--customize-hook=mkdir -p "$1/usr/local/lib/node_modules"',
    `--customize-hook=copy-in ${from.npm} /usr/local/lib/node_modules`,
    `--customize-hook=chroot "$1" sh -c '${links.join(' && ')}'`,
    suite,
    from.archive,
  ]
}

/** The npm by which this program was started. @throws Error if it is not in one folder, as Debian's own is not */
function npmFolder(): string {
  const script = process.env['npm_execpath']
  const folder = script === undefined ? undefined : dirname(dirname(realpathSync(script)))
  const manifest = folder === undefined ? '' : join(folder, 'package.json')
  if (folder === undefined || !existsSync(manifest) || !existsSync(join(folder, 'node_modules'))) {
    throw new Error('the stand-in takes the npm that runs this command: npm run image')
  }
  const { name }: { readonly name?: string } = JSON.parse(readFileSync(manifest, 'utf8'))
  if (name !== 'npm') throw new Error(`npm_execpath leads to ${folder}, expected the folder of npm`)
  return folder
}
