import type { WorkerOptions } from '@temporalio/worker'
import { workflowTasksAtOnce } from '../../domain/timings.ts'

/**
 * Runs that a Worker keeps in memory. One that it has dropped is replayed at its next message, and with a local activity
 * under way it loses a workflow task. Left alone, the SDK would go by the heap: 10 runs in a Pod of 512 MiB.
 */
const workflowsKept = 200

/** How a Worker runs workflows. */
export const workflowOptions = {
  maxConcurrentWorkflowTaskExecutions: workflowTasksAtOnce,
  maxCachedWorkflows: workflowsKept,
  // A run whose history does not replay would fail its workflow task for ever, and keep its id. A new one loses nothing:
  // what has to be done follows from Kubernetes.
  workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
} satisfies Partial<WorkerOptions>
