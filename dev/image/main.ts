import { join } from 'node:path'
import { allocatorImage } from '../allocator.ts'
import { print, printError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { runCommand } from '../stack/run-command.ts'
import { buildImage, type ImageReport } from './build-image.ts'
import type { Run } from './builders.ts'
import { parseOptions, usage, type ImageOptions } from './options.ts'

const root = join(import.meta.dirname, '..', '..')

process.exitCode = await main()

/** `npm run image`: builds the image of the Dockerfile. Exit codes: 0 it is built, 1 it is not, 2 wrong flags. */
async function main(): Promise<number> {
  let options: ImageOptions
  try {
    options = parseOptions(process.argv.slice(2), process.env, allocatorImage)
  } catch (error) {
    printError(`image: ${messageOf(error)}\n${usage}`)
    return 2
  }
  const progress = options.json ? printError : print
  try {
    const report = await buildImage(options, progress, shown(progress))
    print(options.json ? JSON.stringify(report) : describe(report))
    return 0
  } catch (error) {
    printError(`image: ${messageOf(error)}`)
    return 1
  }
}

/** Runs programs, and shows what those print that take long. */
function shown(progress: (line: string) => void): Run {
  const indented = (line: string): void => progress(`  ${line}`)
  return (command, args) => {
    const isLong = ['build', 'pull'].includes(args[0] ?? '') || command === 'mmdebstrap'
    return runCommand({ command, args, cwd: root, ...(isLong && { onLine: indented }) })
  }
}

function describe({ image, bytes, base, standIn, saved }: ImageReport): string {
  return [
    '',
    `image:  ${image}, ${(bytes / 1e6).toFixed(0)} MB`,
    `base:   ${base}${standIn ? ', a stand-in: for tests, not for publication' : ''}`,
    ...(saved === undefined ? [] : [`saved:  ${saved}`]),
  ].join('\n')
}
