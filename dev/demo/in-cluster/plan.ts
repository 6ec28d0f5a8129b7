import { readFileSync, writeFileSync } from 'node:fs'
import type { ProxyMode } from '../../node/configurations.ts'
import type { NodePrograms } from '../../node/parts.ts'

/** What the demo asks of the program that runs in the node's namespaces, in a file. */
export interface Plan {
  /** Of the node. */
  readonly directory: string
  /** The cgroup of all Pods, below the root of each hierarchy. */
  readonly cgroup: string
  readonly hierarchies: readonly string[]
  readonly programs: NodePrograms
  readonly helm: string
  readonly proxyMode: ProxyMode
  /** Archives of images. */
  readonly images: readonly string[]
  readonly once: boolean
  readonly json: boolean
  readonly measure: boolean
}

export function writePlan(path: string, plan: Plan): void {
  writeFileSync(path, JSON.stringify(plan))
}

/** Reads a file that `writePlan` wrote. */
export function readPlan(path: string): Plan {
  const plan: Plan = JSON.parse(readFileSync(path, 'utf8'))
  return plan
}
