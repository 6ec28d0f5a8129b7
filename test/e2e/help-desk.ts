import { expect } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { openBrowser } from '../../dev/pictures/browser.ts'
import { temporalUi, type RunTab, type TemporalUi } from '../../dev/pictures/temporal-ui.ts'
import type { Allocator } from '../../dev/allocator.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'
import { filledIn, missingFrom, wordsOf, type Facts } from '../support/promised-text.ts'
import { symptomUnder, type Block } from '../support/troubleshooting-page.ts'
import { openPageShell } from './page-shell.ts'

/** Somebody with docs/troubleshooting.md, a shell and a browser. */
export interface HelpDesk {
  /** Waits until everything that the page shows under a heading is to be read where it says. */
  expectShown(heading: string, facts: Facts): Promise<void>
  /** Does what the page says under a heading, and expects no complaint. */
  expectMended(heading: string, facts: Facts): Promise<void>
  /** From now on the page's ports on localhost, and its log, are those of this allocator. */
  lookAt(allocator: Pick<Allocator, 'metricsUrl' | 'readyUrl' | 'logPath'>): void
  close(): Promise<void>
}

export interface HelpDeskOptions {
  readonly stack: StackConnection
  /** Where the person looks: the Cluster's namespace, and the task queue of the allocator. */
  readonly namespace: string
  readonly taskQueue: string
}

/** Opens it; `close` it at the end. */
export async function openHelpDesk({ stack, namespace, taskQueue }: HelpDeskOptions): Promise<HelpDesk> {
  const shell = openPageShell(stack, {
    CAPI_VIP_ALLOCATOR_NAMESPACE: namespace,
    CAPI_VIP_ALLOCATOR_TASK_QUEUE: taskQueue,
  })
  const browser = await openBrowser((line) => void process.stderr.write(`${line}\n`))
  const ui = temporalUi(browser.page, stack.temporal)
  let allocator: Parameters<HelpDesk['lookAt']>[0] | undefined
  const run = (command: string): Promise<string> => shell.run(atPorts(command, allocator))
  const log = (): string => readFileSync(allocator?.logPath ?? '', 'utf8')
  return {
    lookAt: (each) => {
      allocator = each
    },
    async expectShown(heading, facts) {
      const { blocks } = symptomUnder(heading)
      for (const block of blocks) await shown(block, facts, { run, log, ui })
      expect(blocks.some(({ kind }) => kind !== 'remedy')).toBe(true)
    },
    async expectMended(heading, facts) {
      const commands = symptomUnder(heading).blocks.flatMap((block) =>
        block.kind === 'remedy' ? [filledIn(block.command, facts)] : [],
      )
      expect(commands).not.toEqual([])
      for (const command of commands) expect(await run(`${command} 2>&1 >/dev/null`)).toBe('')
    },
    close: () => browser.close(),
  }
}

interface Sources {
  readonly run: (command: string) => Promise<string>
  readonly log: () => string
  readonly ui: TemporalUi
}

async function shown(block: Block, facts: Facts, { run, log, ui }: Sources): Promise<void> {
  if (block.kind === 'remedy') return
  const lines = block.lines.map((line) => filledIn(line, facts))
  switch (block.kind) {
    case 'command': {
      const command = filledIn(block.command, facts)
      return untilPrinted(`what "${command}" prints`, () => run(command), lines)
    }
    case 'log':
      return untilPrinted('the log', () => Promise.resolve(log()), lines)
    case 'ui':
      await ui.showTab(filledIn(block.workflowId, facts), block.tab as RunTab, wordsOf(lines))
      return
    default:
      block satisfies never
  }
}

async function untilPrinted(
  what: string,
  print: () => Promise<string>,
  lines: readonly string[],
): Promise<void> {
  let last = ''
  let missing: string | undefined
  try {
    await eventually(what, async () => {
      last = await print()
      missing = lines.length === 0 ? last : missingFrom(last, lines)
      return missing === undefined || missing === '' ? true : undefined
    })
  } catch (cause) {
    throw new Error(`${what} lacks "${missing ?? ''}":\n${last}`, { cause })
  }
}

/** `localhost:8080` and `localhost:8081` are where the page says that metrics and probes are. */
function atPorts(command: string, allocator: Parameters<HelpDesk['lookAt']>[0] | undefined): string {
  if (allocator === undefined) return command
  return command
    .replaceAll('localhost:8080', new URL(allocator.metricsUrl).host)
    .replaceAll('localhost:8081', new URL(allocator.readyUrl).host)
}
