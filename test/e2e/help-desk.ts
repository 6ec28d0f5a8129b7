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

/** Where somebody looks. */
export interface Viewpoint {
  /** The Cluster's, and the only one that is looked into. */
  readonly namespace: string
  /** Of the allocator. */
  readonly taskQueue: string
  /** Whose ports the page means by those on localhost, and whose log. */
  readonly allocator?: Pick<Allocator, 'metricsUrl' | 'readyUrl' | 'logPath'>
}

/** Somebody with docs/troubleshooting.md, a shell and a browser. */
export interface HelpDesk {
  /** Runs a command as somebody who looks from there. */
  readonly run: (command: string, from: Partial<Viewpoint>) => Promise<string>
  /** What the allocator has logged. */
  readonly log: (from: Partial<Viewpoint>) => string
  readonly ui: TemporalUi
  readonly close: () => Promise<void>
}

/** Opens it; `close` it at the end. @param usual where the person looks if nothing else is said */
export async function openHelpDesk(stack: StackConnection, usual: Viewpoint): Promise<HelpDesk> {
  const shell = openPageShell(stack)
  const browser = await openBrowser((line) => void process.stderr.write(`${line}\n`))
  return {
    run: (command, from) => {
      const { namespace, taskQueue, allocator } = { ...usual, ...from }
      const env = { CAPI_VIP_ALLOCATOR_NAMESPACE: namespace, CAPI_VIP_ALLOCATOR_TASK_QUEUE: taskQueue }
      return shell.run(atPorts(command, allocator), env)
    },
    log: (from) => readFileSync({ ...usual, ...from }.allocator?.logPath ?? '', 'utf8'),
    ui: temporalUi(browser.page, stack.temporal),
    close: () => browser.close(),
  }
}

/** Waits until everything that the page shows under a heading is to be read where it says. */
export async function expectShown(
  desk: HelpDesk,
  heading: string,
  facts: Facts,
  from: Partial<Viewpoint> = {},
): Promise<void> {
  const shown = symptomUnder(heading).blocks.filter(({ kind }) => kind !== 'remedy')
  expect(shown).not.toEqual([])
  for (const block of shown) await untilShown(desk, block, facts, from)
}

/** Does what the page says under a heading, and expects no complaint. */
export async function expectMended(
  desk: HelpDesk,
  heading: string,
  facts: Facts,
  from: Partial<Viewpoint> = {},
): Promise<void> {
  const commands = symptomUnder(heading).blocks.flatMap((block) =>
    block.kind === 'remedy' ? [filledIn(block.command, facts)] : [],
  )
  expect(commands).not.toEqual([])
  for (const command of commands) {
    expect(await desk.run(`said=$({ ${command}\n} 2>&1) || echo "$said"`, from)).toBe('')
  }
}

async function untilShown(
  { run, log, ui }: HelpDesk,
  block: Block,
  facts: Facts,
  from: Partial<Viewpoint>,
): Promise<void> {
  if (block.kind === 'remedy') return
  const lines = block.lines.map((line) => filledIn(line, facts))
  switch (block.kind) {
    case 'command': {
      const command = filledIn(block.command, facts)
      return untilPrinted(`what "${command}" prints`, () => run(command, from), lines)
    }
    case 'log':
      return untilPrinted('the log', () => Promise.resolve(log(from)), lines)
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
function atPorts(command: string, allocator: Viewpoint['allocator']): string {
  if (allocator === undefined) return command
  return command
    .replaceAll('localhost:8080', new URL(allocator.metricsUrl).host)
    .replaceAll('localhost:8081', new URL(allocator.readyUrl).host)
}
