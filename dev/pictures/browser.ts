import { chromium, type Page } from 'playwright-core'
import { chromiumEnvironment, chromiumVariable } from '../stack/chromium.ts'
import { messageOf } from '../stack/errors.ts'
import { ensurePrograms } from '../stack/programs.ts'
import type { Progress } from '../stack/progress.ts'

export interface OpenBrowser {
  readonly page: Page
  readonly close: () => Promise<void>
}

/** Wide enough for a pool's full name in the timeline of the Temporal UI, high enough to show a run without scrolling. */
const viewport = { width: 1500, height: 1200 }

/**
 * Starts a headless Chromium with one page, which looks the same on every machine: size, language, time zone, colors,
 * fonts. `CHROMIUM_PATH` replaces the packed Chromium.
 *
 * @throws Error with the browser's output if it does not start
 */
export async function openBrowser(progress: Progress): Promise<OpenBrowser> {
  const browser = await launch(await findBrowser(progress))
  const page = await browser.newPage({
    viewport,
    deviceScaleFactor: 1,
    locale: 'en-US',
    timezoneId: 'UTC',
    colorScheme: 'light',
    reducedMotion: 'reduce',
  })
  return { page, close: () => browser.close() }
}

interface Launch {
  readonly executablePath: string
  readonly env: Readonly<Record<string, string | undefined>>
}

async function findBrowser(progress: Progress): Promise<Launch> {
  const chosen = process.env[chromiumVariable] ?? ''
  if (chosen !== '') {
    progress(`chromium: ${chosen}, found by ${chromiumVariable}`)
    return { executablePath: chosen, env: { ...process.env } }
  }
  const { path } = (await ensurePrograms(['chromium'], progress)).chromium
  return { executablePath: path, env: { ...process.env, ...chromiumEnvironment(path) } }
}

async function launch({ executablePath, env }: Launch): ReturnType<typeof chromium.launch> {
  try {
    return await chromium.launch({
      executablePath,
      env,
      args: ['--disable-gpu', '--font-render-hinting=none'],
    })
  } catch (cause) {
    throw new Error(
      `${executablePath} did not start: ${messageOf(cause)}\n` +
        `Way out: set ${chromiumVariable} to the path of a Chromium or Chrome that starts here`,
      { cause },
    )
  }
}
