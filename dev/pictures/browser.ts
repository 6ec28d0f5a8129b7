import { chromium, type Page } from 'playwright-core'
import { chromiumEnvironment, chromiumVariable } from '../stack/chromium.ts'
import { messageOf } from '../stack/errors.ts'
import { ensurePrograms } from '../stack/programs.ts'
import type { Progress } from '../stack/progress.ts'

/** A headless browser with one page. */
export interface OpenBrowser {
  readonly page: Page
  readonly close: () => Promise<void>
}

/** CSS pixels: wide enough for a pool's full name in the Temporal UI's timeline, high enough to show a run without scrolling. */
const viewport = { width: 1500, height: 1200 }

/**
 * Starts Chromium with a page that looks alike wherever and whenever it is opened: size, language, time zone, colors,
 * fonts. It is the packed Chromium, or the browser that `CHROMIUM_PATH` names.
 *
 * @throws Error with the browser's last words where it does not start
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
