import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { librariesIn } from '../image/root-filesystem.ts'
import { runCommand } from '../stack/run-command.ts'

/** The image of the container that holds a Pod's network. It does nothing, so no registry is asked for one. */
export const sandboxImage = 'localhost/capi-vip-allocator-sandbox:1'

const program = '/usr/bin/sleep'

/**
 * Writes an archive of that image, with the `sleep` of this machine.
 *
 * @param sleep its path
 */
export async function writeSandboxImage(archive: string, sleep: string): Promise<void> {
  const directory = mkdtempSync(`${archive}-`)
  try {
    const root = join(directory, 'root')
    copyInto(root, sleep, program)
    const libraries = await runCommand({ command: 'ldd', args: [sleep], cwd: '/' })
    for (const library of librariesIn(libraries, sleep)) copyInto(root, library, library)
    const layer = join(directory, 'layer.tar')
    await tar(root, layer, ['.'])
    const files = imageFiles(sandboxImage, createHash('sha256').update(readFileSync(layer)).digest('hex'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
    await tar(directory, archive, [...Object.keys(files), 'layer.tar'])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What an archive of `docker save` has beside `layer.tar`. */
export function imageFiles(image: string, layerDigest: string): Readonly<Record<string, string>> {
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: [program, 'infinity'], User: '65535:65535' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  }
  const manifest = [{ Config: 'config.json', RepoTags: [image], Layers: ['layer.tar'] }]
  return { 'config.json': JSON.stringify(config), 'manifest.json': JSON.stringify(manifest) }
}

/** A file, not the link that may lead to it. */
function copyInto(root: string, from: string, to: string): void {
  mkdirSync(join(root, dirname(to)), { recursive: true })
  cpSync(realpathSync(from), join(root, to))
}

async function tar(directory: string, archive: string, names: readonly string[]): Promise<void> {
  await runCommand({
    command: 'tar',
    args: [`--directory=${directory}`, '--create', `--file=${archive}`, ...names],
    cwd: '/',
  })
}
