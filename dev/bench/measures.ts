import type { Measure } from './measure.ts'
import { burst1000, burst200 } from './measures/burst.ts'
import { cpu } from './measures/cpu.ts'
import { historyEvents } from './measures/history-events.ts'
import { historyWaiting } from './measures/history-waiting.ts'
import { oneVip } from './measures/one-vip.ts'
import { requests } from './measures/requests.ts'

/** All measures, in the order in which they are taken. */
export const measures: readonly Measure[] = [
  oneVip,
  burst200,
  burst1000,
  requests,
  cpu,
  historyEvents,
  historyWaiting,
]
