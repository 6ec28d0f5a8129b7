import { expect } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { openBrowser } from '../../dev/pictures/browser.ts'
import { temporalUi, type RunTab, type TemporalUi } from '../../dev/pictures/temporal-ui.ts'
import type { Allocator } from '../../dev/allocator.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'
import {
  fillPlaceholders,
  firstMissingLine,
  literalParts,
  type PlaceholderValues,
} from '../support/expected-text.ts'
import { sectionUnder, type Block } from '../support/runbook.ts'
import { blocksToRun } from '../support/unrun-blocks.ts'
import { createShell } from './shell.ts'

const page = 'docs/troubleshooting.md'

/** The installation that commands and logs are about. */
export interface SessionTarget {
  /** Namespace of the Clusters; no command reads another one. */
  readonly namespace: string
  /** Of the allocator. */
  readonly taskQueue: string
  /** Its ports replace those on localhost that the page names; its log is read. */
  readonly allocator?: Pick<Allocator, 'metricsUrl' | 'readyUrl' | 'logPath'>
}

/** Follows docs/troubleshooting.md with a shell, the allocator's log and a browser. */
export interface RunbookSession {
  /** Runs a command to its end, also a failing one. Resolves with all output. */
  readonly run: (command: string, target: Partial<SessionTarget>) => Promise<string>
  /** The allocator's log so far. */
  readonly log: (target: Partial<SessionTarget>) => string
  readonly ui: TemporalUi
  readonly close: () => Promise<void>
}

/** Opens a session with all permissions on the stack. @param defaults used where a call names no target */
export async function openRunbookSession(
  stack: StackConnection,
  defaults: SessionTarget,
): Promise<RunbookSession> {
  const shell = createShell(stack)
  const browser = await openBrowser((line) => void process.stderr.write(`${line}\n`))
  return {
    run: async (command, target) => {
      const { namespace, taskQueue, allocator } = { ...defaults, ...target }
      const env = { CAPI_VIP_ALLOCATOR_NAMESPACE: namespace, CAPI_VIP_ALLOCATOR_TASK_QUEUE: taskQueue }
      return (await shell(withPortsOf(allocator, command), env)).text
    },
    log: (target) => readFileSync({ ...defaults, ...target }.allocator?.logPath ?? '', 'utf8'),
    ui: temporalUi(browser.page, stack.temporal),
    close: () => browser.close(),
  }
}

/** Waits until every output that the page shows under a heading appears in its place. */
export async function expectSymptom(
  session: RunbookSession,
  heading: string,
  values: PlaceholderValues,
  target: Partial<SessionTarget> = {},
): Promise<void> {
  const shown = blocksUnder(heading).filter(({ kind }) => kind !== 'script')
  expect(shown).not.toEqual([])
  for (const block of shown) await untilShown(session, block, values, target)
}

/** Runs the remedy that the page gives under a heading, and expects no error. */
export async function applyRemedy(
  session: RunbookSession,
  heading: string,
  values: PlaceholderValues,
  target: Partial<SessionTarget> = {},
): Promise<void> {
  const commands = blocksUnder(heading).flatMap((block) =>
    block.kind === 'script' ? [fillPlaceholders(block.command, values)] : [],
  )
  expect(commands).not.toEqual([])
  for (const command of commands) {
    expect(await session.run(`said=$({ ${command}\n} 2>&1) || echo "$said"`, target)).toBe('')
  }
}

function blocksUnder(heading: string): readonly Block[] {
  return blocksToRun(page, sectionUnder(page, heading))
}

/** The page uses `localhost:8080` for metrics and `localhost:8081` for probes. */
function withPortsOf(allocator: SessionTarget['allocator'], command: string): string {
  if (allocator === undefined) return command
  return command
    .replaceAll('localhost:8080', new URL(allocator.metricsUrl).host)
    .replaceAll('localhost:8081', new URL(allocator.readyUrl).host)
}

async function untilShown(
  { run, log, ui }: RunbookSession,
  block: Block,
  values: PlaceholderValues,
  target: Partial<SessionTarget>,
): Promise<void> {
  if (block.kind === 'script' || block.kind === 'sample') return
  const lines = block.lines.map((line) => fillPlaceholders(line, values))
  switch (block.kind) {
    case 'command': {
      const command = fillPlaceholders(block.command, values)
      return untilPrinted(`the output of "${command}"`, () => run(command, target), lines)
    }
    case 'log':
      return untilPrinted('the log', () => Promise.resolve(log(target)), lines)
    case 'ui':
      await ui.showTab(fillPlaceholders(block.workflowId, values), block.tab as RunTab, literalParts(lines))
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
      missing = lines.length === 0 ? last : firstMissingLine(last, lines)
      return missing === undefined || missing === '' ? true : undefined
    })
  } catch (cause) {
    throw new Error(`${what} lacks "${missing ?? ''}":\n${last}`, { cause })
  }
}
