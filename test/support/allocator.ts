import { readFile } from 'node:fs/promises'
import { startAllocator as start, type Allocator, type AllocatorOptions } from '../../dev/allocator.ts'
import { offerEvidence } from './evidence.ts'
import { isShared } from './real-parts.ts'
import { runEvidence } from './run-evidence.ts'

/** Number of allocators whose logs a timeout shows, and maximum length of each. */
const mostLogs = 2
const shownOfLog = 9_000

export interface TestAllocatorOptions extends AllocatorOptions {
  /**
   * Namespaces whose Clusters it serves; empty for all, which only a suite's own stack allows. On the shared stack,
   * it would start runs for the Clusters of other suites, and leave them behind when it stops.
   */
  readonly namespaces: readonly string[]
}

const latest: Allocator[] = []

/**
 * Starts the built allocator for a suite. A wait that times out shows the end of its log.
 *
 * @throws Error if it would serve the Clusters of other suites, or does not become ready
 */
export async function startAllocator({ namespaces, ...options }: TestAllocatorOptions): Promise<Allocator> {
  if (namespaces.length === 0 && isShared(options.stack)) {
    throw new Error(
      'on the stack that all suites share, an allocator serves the namespaces of its suite only',
    )
  }
  const flags = [...namespaces.map((namespace) => `--namespace=${namespace}`), ...(options.flags ?? [])]
  const allocator = await start({ ...options, flags })
  latest.push(allocator)
  offerEvidence({ title: 'allocators', collect: logsOfLatest })
  const { address } = options.stack.temporal
  const temporalNamespace = options.env?.['TEMPORAL_NAMESPACE']
  if (temporalNamespace !== undefined) {
    for (const namespace of namespaces) {
      offerEvidence(runEvidence({ address, namespace: temporalNamespace }, namespace))
    }
  }
  return allocator
}

async function logsOfLatest(): Promise<string> {
  const logs = latest.slice(-mostLogs).map(async ({ name, pid, logPath, outcome }) => {
    const log = await readFile(logPath, 'utf8')
    return `${name} (${pid}): ${outcome() ?? 'runs'}\n${log.slice(-shownOfLog)}`
  })
  return (await Promise.all(logs)).join('\n')
}
