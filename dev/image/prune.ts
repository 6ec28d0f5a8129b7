import { existsSync, globSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

/**
 * What a package needs only to bundle workflows, which `npm run build` has done: `all` of its dependencies, or these. Webpack
 * loads its own parts, and with them its dependencies, when it is used.
 */
const neededToBundle: Readonly<Record<string, 'all' | readonly string[]>> = {
  webpack: 'all',
  '@temporalio/worker': ['@swc/core', 'source-map-loader', 'swc-loader'],
}

/** Of packages that stay, by the beginnings of their paths: what Node.js does not load at run time. */
const unusedPaths: readonly RegExp[] = [
  /^webpack\/(?!package\.json$|LICENSE$|lib\/index\.js$|lib\/util\/memoize\.js$)/,
  /^@temporalio\/core-bridge\/(?:bridge-macros|scripts|sdk-core|src|ts|Cargo\.)/,
  // Builds for bundlers and browsers; Node.js takes the one for CommonJS.
  /^@opentelemetry\/[^/]+\/build\/(?:esm|esnext)\//,
  /^rxjs\/(?:src|dist\/(?:bundles|esm|esm5|types))\//,
  // In the folder of any package: what its authors test with, and settings of their tools.
  /^(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/@]+\/(?:\.|(?:tests?|__tests__|examples?|benchmarks?|docs)\/)/,
]

/** Files that no program loads: types, sources of compiled files, maps, documents, and binaries of another runtime. */
const unusedFiles = /\.(?:[cm]?ts|tsx|map|flow|bare|rs|md|markdown)$/i
/** What a license asks to be passed on. */
const legal = /licen[cs]e|notice|copying|copyright/i

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/**
 * Removes from the `node_modules` of a built program what it never loads.
 *
 * @param root the folder with `package.json` and `node_modules`
 * @param platform of the native core that stays, for example `x86_64-unknown-linux-gnu`
 * @throws Error if there is no native core for the platform
 */
export function prune(root: string, platform: string): void {
  const modules = join(root, 'node_modules')
  const isUnused = unusedIn(modules, platform)
  const needed = neededPackages(root)
  for (const path of globSync('**', { cwd: modules })) {
    const full = join(modules, path)
    // A folder, or gone with its folder.
    if (lstatSync(full, { throwIfNoEntry: false })?.isDirectory() !== false) continue
    if (!needed.has(packageOf(full)) || isUnused(path)) rmSync(full)
  }
  removeEmptyFolders(modules)
}

function unusedIn(modules: string, platform: string): (path: string) => boolean {
  const releases = join('@temporalio', 'core-bridge', 'releases')
  const found = globSync('*', { cwd: join(modules, releases) })
  if (!found.includes(platform)) {
    const others = found.length === 0 ? 'none at all' : `only for ${found.toSorted().join(', ')}`
    throw new Error(`there is no native core of Temporal for ${platform}, ${others}`)
  }
  return (path) =>
    unusedPaths.some((unused) => unused.test(path)) ||
    (path.startsWith(`${releases}/`) && !path.startsWith(`${releases}/${platform}/`)) ||
    (unusedFiles.test(path) && !legal.test(basename(path)))
}

/** The folders of all packages that the program may load. */
function neededPackages(root: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (folder: string, name: string): void => {
    const manifest = packageJsonIn(folder)
    const wanted = {
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }
    const cut = neededToBundle[name] ?? []
    for (const dependency of Object.keys(wanted)) {
      const target = cut === 'all' || cut.includes(dependency) ? undefined : resolve(folder, dependency, root)
      if (target === undefined || found.has(target)) continue
      found.add(target)
      visit(target, dependency)
    }
  }
  visit(root, '')
  return found
}

/** As Node.js looks a package up: in the nearest `node_modules`. An optional one may not be there. */
function resolve(from: string, name: string, root: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === root) return undefined
  }
}

/** The folder of the package that a file is part of; the file itself if it is part of none. */
function packageOf(path: string): string {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/@][^/]*(?=\/)/.exec(path)?.[0] ?? path
}

function removeEmptyFolders(folder: string): void {
  const folders = globSync('**', { cwd: folder })
    .filter((path) => lstatSync(join(folder, path)).isDirectory())
    .toSorted((a, b) => b.length - a.length)
  for (const path of folders) {
    if (globSync('*', { cwd: join(folder, path) }).length === 0 && relative('.', path) !== '') {
      rmSync(join(folder, path), { recursive: true })
    }
  }
}

function packageJsonIn(folder: string): PackageJson {
  const manifest: PackageJson = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return manifest
}
