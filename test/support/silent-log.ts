import type { Log } from '../../src/observability/log.ts'

/** For what a test does not look at. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
