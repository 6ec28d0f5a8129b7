import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { NpmSource } from './program-list.ts'
import { runCommand } from './run-command.ts'

/** Environment variable with the path of a browser to use instead of the packed one. */
export const chromiumVariable = 'CHROMIUM_PATH'

const root = join(import.meta.dirname, '..', '..')

/** Fontconfig with only the packed fonts, so that pages look the same on every machine. */
export const fontConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`

/**
 * Unpacks the browser into `directory`, with the libraries and fonts that a minimal system lacks. The package unpacks
 * into the directory for temporary files, and includes its libraries only if the environment looks like AWS Lambda.
 *
 * @throws Error if the package has no build for this platform; CommandError if it is missing or cannot be unpacked
 */
export async function unpackChromium(source: NpmSource, directory: string): Promise<void> {
  const { platform, arch } = process
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Error(`${source.package} is for Linux on x64 only, and this is ${platform} on ${arch}`)
  }
  await runCommand({
    command: process.execPath,
    args: [
      '--input-type=module',
      `--eval=import chromium from '${source.package}'; await chromium.executablePath()`,
    ],
    cwd: root,
    env: { TMPDIR: directory, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
  })
  writeFileSync(join(directory, 'fonts', 'fonts.conf'), fontConfiguration)
}

/** Environment variables for the unpacked browser at `path`. */
export function chromiumEnvironment(path: string): Readonly<Record<string, string>> {
  return {
    LD_LIBRARY_PATH: join(path, '..', 'al2023', 'lib'),
    FONTCONFIG_PATH: join(path, '..', 'fonts'),
  }
}
