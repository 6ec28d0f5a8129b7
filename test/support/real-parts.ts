import { readFileSync } from 'node:fs'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** The real parts shared by the suites of a run. */
export interface RealParts {
  readonly stack: StackConnection
  /** Path of the time-skipping test server. */
  readonly temporalTestServer: string
  readonly tctl: string
  readonly clusterctl: string
  readonly prometheus: string
  readonly promtool: string
  readonly helm: string
  readonly helmUnittest: string
  readonly helmDocs: string
  readonly kubeconform: string
  readonly kustomize: string
  readonly actionlint: string
  /** Kubeconfig of the ServiceAccount in deploy/manifests, with exactly its permissions. */
  readonly allocatorKubeconfig: string
  /** Process id of the IPAM provider, for comparison with the allocator's CPU. */
  readonly ipamProviderPid: number
}

/** Environment variable with the path of the file that describes the parts. */
export const realPartsVariable = 'CAPI_VIP_ALLOCATOR_TEST_PARTS'

/** Whether this is the shared stack, not a suite's own. */
export function isShared({ runDirectory }: Pick<StackConnection, 'runDirectory'>): boolean {
  return process.env[realPartsVariable] !== undefined && realParts().stack.runDirectory === runDirectory
}

/** The parts that the global set-up has started. */
export function realParts(): RealParts {
  const path = process.env[realPartsVariable]
  if (path === undefined)
    throw new Error(`${realPartsVariable} is not set: run the tests by npm test or npx jest`)
  return JSON.parse(readFileSync(path, 'utf8')) as RealParts
}
