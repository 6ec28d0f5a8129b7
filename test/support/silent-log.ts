import type { Log } from '../../src/observability/log.ts'
import type { Outage } from '../../src/observability/outage.ts'

/** For what a test does not look at. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** The same, of somebody who may be away. */
export const noOutage: Outage = { failed() {}, answered() {}, current: undefined }
