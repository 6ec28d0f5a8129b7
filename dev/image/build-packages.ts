import { readFileSync, writeFileSync } from 'node:fs'

/**
 * `node dev/image/build-packages.ts`: leaves out of `package.json` and `package-lock.json`, in this folder, the development
 * packages that a build does not need. A browser and the test tools are most of what `npm ci` would fetch.
 */
const neededToBuild: readonly string[] = ['@types/node', '@types/yargs', 'proper-lockfile', 'typescript']

interface Manifest {
  devDependencies?: Record<string, string>
}

for (const file of ['package.json', 'package-lock.json']) {
  const content: Manifest & { packages?: Record<string, Manifest> } = JSON.parse(readFileSync(file, 'utf8'))
  const manifest = content.packages?.[''] ?? content
  const all = Object.entries(manifest.devDependencies ?? {})
  manifest.devDependencies = Object.fromEntries(all.filter(([name]) => neededToBuild.includes(name)))
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}
