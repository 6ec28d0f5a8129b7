import { execFileSync } from 'node:child_process'
import { chmodSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prune } from './prune.ts'
import { makeRootFileSystem } from './root-filesystem.ts'

/**
 * `node dev/image/assemble.ts ROOT`: removes from this folder, where the program is built, what it never loads, and makes in
 * ROOT the root file system that it runs in.
 */
const [, , root] = process.argv
if (root === undefined) throw new Error('expected the folder of the root file system')
const main = join('dist', 'main.js')

prune(process.cwd(), `${machine()}-unknown-linux-gnu`)
loadEverything()
const node = makeRootFileSystem(root, globSync('node_modules/**/*.node'))
// There is no `env` in the image, which the first line names.
writeFileSync(main, readFileSync(main, 'utf8').replace(/^#!.*/, `#!${node}`))
chmodSync(main, 0o755)

/** As `uname -m` calls it, and Temporal's native core. */
function machine(): string {
  const names: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
  const name = names[process.arch]
  if (name === undefined) throw new Error(`there is no native core of Temporal for ${process.arch}`)
  return name
}

/** Fails where a package is gone that the program loads, also late. */
function loadEverything(): void {
  const files = ['commands', 'console', 'observability'].flatMap((folder) =>
    globSync(`dist/${folder}/**/*.js`),
  )
  const imports = [...files.map((file) => pathToFileURL(file).href), ...latePackages()].map(
    (specifier) => `await import(${JSON.stringify(specifier)})`,
  )
  execFileSync(process.execPath, ['--input-type=module', '--eval', imports.join('\n')], { stdio: 'inherit' })
  execFileSync(process.execPath, [main, '--version'], { stdio: 'inherit' })
}

/** The packages that a file of the program imports when it needs them. */
function latePackages(): readonly string[] {
  return globSync('dist/**/*.js').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\bimport\('([^'.][^']*)'\)/g)].flatMap(([, name]) => name ?? []),
  )
}
