import { readFileSync } from 'node:fs'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** The real parts that one test run shares, as the suites see them. */
export interface RealParts {
  readonly stack: StackConnection
  /** Path of the time-skipping test server. */
  readonly temporalTestServer: string
  readonly tctl: string
  readonly clusterctl: string
  readonly prometheus: string
  readonly promtool: string
  /** Kubeconfig of the ServiceAccount in deploy/manifests, with its rules and nothing more. */
  readonly allocatorKubeconfig: string
  /** Process id of the IPAM provider, to which the allocator's CPU is compared. */
  readonly ipamProviderPid: number
}

/** Environment variable with the path of the file that describes the parts. */
export const realPartsVariable = 'CAPI_VIP_ALLOCATOR_TEST_PARTS'

/** Whether this is the stack of those parts, and not one of a suite's own. */
export function isShared({ runDirectory }: Pick<StackConnection, 'runDirectory'>): boolean {
  return process.env[realPartsVariable] !== undefined && realParts().stack.runDirectory === runDirectory
}

/** The parts that this run's set-up has started. */
export function realParts(): RealParts {
  const path = process.env[realPartsVariable]
  if (path === undefined)
    throw new Error(`${realPartsVariable} is not set: run the tests by npm test or npx jest`)
  return JSON.parse(readFileSync(path, 'utf8')) as RealParts
}
