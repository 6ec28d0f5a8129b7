import { allocatorImage } from '../allocator.ts'
import { print, printError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { buildImage, type ImageReport } from './build-image.ts'
import { parseOptions, usage, type ImageOptions } from './options.ts'
import { showing } from './showing.ts'

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
    const report = await buildImage(options, progress, showing(progress))
    print(options.json ? JSON.stringify(report) : describe(report))
    return 0
  } catch (error) {
    printError(`image: ${messageOf(error)}`)
    return 1
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
