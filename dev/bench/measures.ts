import type { Measure } from './measure.ts'
import { atRest } from './measures/at-rest.ts'
import { burst1000, burst200 } from './measures/burst.ts'
import { cpu } from './measures/cpu.ts'
import { emptyRun } from './measures/empty-run.ts'
import { freed } from './measures/freed.ts'
import { gates } from './measures/gates.ts'
import { historyEvents } from './measures/history-events.ts'
import { historyWaiting } from './measures/history-waiting.ts'
import { oneVip } from './measures/one-vip.ts'
import { requests } from './measures/requests.ts'
import { restart } from './measures/restart.ts'
import { runtimeExtension } from './measures/runtime-extension.ts'
import { twoReplicas } from './measures/two-replicas.ts'
import { waiting } from './measures/waiting.ts'

/** All measures, in the order of a run. */
export const measures: readonly Measure[] = [
  oneVip,
  burst200,
  burst1000,
  requests,
  cpu,
  emptyRun,
  historyEvents,
  historyWaiting,
  freed,
  waiting,
  twoReplicas,
  gates,
  runtimeExtension,
  // These stop the IPAM provider and fill etcd.
  restart,
  atRest,
]
