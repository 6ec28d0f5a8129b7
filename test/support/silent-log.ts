import type { Log } from '../../src/observability/log.ts'
import type { Outage } from '../../src/observability/outage.ts'

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** An outage that is never reported. */
export const noOutage: Outage = { failed() {}, answered() {}, current: undefined }
