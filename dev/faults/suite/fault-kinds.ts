import { allocatorFaults } from './allocator-faults.ts'
import { apiServerFaults } from './api-server-faults.ts'
import { connectionFaults } from './connection-faults.ts'
import type { FaultKind } from './fault-kind.ts'
import { hookFaults } from './hook-faults.ts'
import { otherProviderFaults } from './other-provider-faults.ts'
import { probeFaults } from './probe-faults.ts'
import { providerFaults } from './provider-faults.ts'
import { queueFaults } from './queue-faults.ts'
import { requestFaults } from './request-faults.ts'
import { taskQueueFaults } from './task-queue-faults.ts'
import { temporalFaults } from './temporal-faults.ts'
import { watchFaults } from './watch-faults.ts'

/** All ways in which things go wrong in a run of faults. */
export const faultKinds: readonly FaultKind[] = [
  ...allocatorFaults,
  ...apiServerFaults,
  ...connectionFaults,
  ...requestFaults,
  ...watchFaults,
  ...temporalFaults,
  ...taskQueueFaults,
  ...providerFaults,
  ...otherProviderFaults,
  ...probeFaults,
  ...queueFaults,
  ...hookFaults,
]
