import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { TemporalAddress } from '../stack/connection.ts'
import { workflowListUrl, workflowUrl } from '../stack/temporal.ts'

/** Tabs of a run's page, by label. */
export type RunTab =
  'Timeline' | 'Event History' | 'Pending Activities' | 'Queries' | 'User Metadata' | 'Search Attributes'

/** Operates the Temporal UI. Each function resolves with the page's text in one line. */
export interface TemporalUi {
  /** Opens a tab of a run, repeatedly until it shows all of `expected`. */
  readonly showTab: (workflowId: string, tab: RunTab, expected: readonly string[]) => Promise<string>
  /** Lists runs. @param filter as for `temporal workflow list --query` */
  readonly showList: (filter: string, expected: readonly string[]) => Promise<string>
  /** Runs a query of a run in its tab. @param query name, or name and description, as the tab lists it */
  readonly runQuery: (workflowId: string, query: string, expected: readonly string[]) => Promise<string>
  /** Saves a PNG of the run's page, without the menus around it. */
  readonly picture: (path: string) => Promise<void>
}

/** Milliseconds: until a reload, for a click target, in all, and between two checks. */
const freshFor = 10_000
const clickableWithin = 30_000
const shownWithin = 180_000
const checkInterval = 100

/**
 * Opens the UI of a Temporal server in a page.
 *
 * @throws Error, from each function, with the text that is missing and that of the page
 */
export function temporalUi(page: Page, temporal: TemporalAddress): TemporalUi {
  const open = async (workflowId: string, tab: RunTab): Promise<void> => {
    await page.goto(workflowUrl(temporal, workflowId))
    await page.getByRole('tab', { name: tab }).click({ timeout: clickableWithin })
  }
  return {
    showTab: (workflowId, tab, expected) => untilShown(page, expected, () => open(workflowId, tab)),
    showList: (filter, expected) =>
      untilShown(page, expected, async () => {
        await page.goto(workflowListUrl(temporal, filter))
      }),
    runQuery: (workflowId, query, expected) =>
      untilShown(page, expected, async () => {
        await open(workflowId, 'Queries')
        await page
          .getByRole('button')
          .filter({ has: page.getByLabel('Query Type') })
          .click({ timeout: clickableWithin })
        await page.getByRole('option', { name: query }).click({ timeout: clickableWithin })
        await page.getByRole('button', { name: 'Run Query' }).click({ timeout: clickableWithin })
      }),
    picture: async (path) => {
      await page.screenshot({ path, clip: await contentOf(page), animations: 'disabled' })
    },
  }
}

async function untilShown(
  page: Page,
  expected: readonly string[],
  open: () => Promise<void>,
): Promise<string> {
  const deadline = performance.now() + shownWithin
  let last = { missing: expected, text: '' }
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      await open()
      last = await textOnceShown(page, expected)
      if (last.missing.length === 0) return last.text
    } catch (error) {
      cause = error
      await delay(checkInterval)
    }
  }
  throw new Error(`${page.url()} does not show ${JSON.stringify(last.missing)}, but: ${last.text}`, { cause })
}

async function textOnceShown(
  page: Page,
  expected: readonly string[],
): Promise<{ readonly missing: readonly string[]; readonly text: string }> {
  const staleAt = performance.now() + freshFor
  for (;;) {
    const text = await textOn(page)
    const missing = expected.filter((words) => !text.includes(words))
    if (missing.length === 0 || performance.now() > staleAt) return { missing, text }
    await delay(checkInterval)
  }
}

/** Summaries and details are in their own frames, because they may be Markdown. */
async function textOn(page: Page): Promise<string> {
  const texts = await Promise.all(page.frames().map((frame) => frame.locator('body').innerText()))
  return texts.join(' ').replaceAll(/\s+/g, ' ')
}

/** The part of the page without menus. */
async function contentOf(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  const content = page.getByRole('main')
  const [outer, end] = [await content.boundingBox(), await content.locator('> * > *').last().boundingBox()]
  if (outer === null || end === null) throw new Error(`${page.url()} has no main part with content`)
  return { ...outer, height: end.y + end.height - outer.y }
}
