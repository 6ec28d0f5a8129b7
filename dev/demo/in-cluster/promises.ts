import { arrayOf, integerOf, type JsonObject, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { allocatorNamespace } from '../../chart/helm.ts'
import type { KubernetesApi } from '../../stack/kubernetes-api.ts'
import { release } from './install.ts'

/** What the installed Deployment promises. */
export interface Promises {
  /** Within which a Pod ends that is asked to. */
  readonly terminationSeconds: number
  /** Within which a process ends that answers nothing any more. */
  readonly stuckSeconds: number
  readonly memoryLimitBytes: number
}

export async function readPromises(api: KubernetesApi): Promise<Promises> {
  const path = `/apis/apps/v1/namespaces/${allocatorNamespace}/deployments/${release}`
  return promisesOf(await api.send<unknown>({ method: 'GET', path }))
}

/** @throws Error if the Deployment lacks what a promise follows from */
export function promisesOf(deployment: unknown): Promises {
  const pod = objectOf(objectOf(objectOf(objectOf(deployment)['spec'])['template'])['spec'])
  const [container] = arrayOf(pod['containers']).map(objectOf)
  const probe = objectOf(container?.['livenessProbe'])
  return {
    terminationSeconds: seconds(pod, 'terminationGracePeriodSeconds'),
    // The process may get stuck just after a probe, and the last one has to time out.
    stuckSeconds:
      seconds(probe, 'periodSeconds') * seconds(probe, 'failureThreshold') +
      seconds(probe, 'timeoutSeconds') +
      seconds(probe, 'terminationGracePeriodSeconds'),
    memoryLimitBytes: bytesOf(stringOf(objectOf(objectOf(container?.['resources'])['limits'])['memory'])),
  }
}

function seconds(object: JsonObject, name: string): number {
  const value = integerOf(object[name])
  if (value !== undefined) return value
  throw new Error(`the Deployment has ${name} ${String(object[name])}, expected a number`)
}

/** @throws Error if the quantity is not in mebibytes or gibibytes */
function bytesOf(quantity: string): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? []
  if (amount === undefined) throw new Error(`the memory limit is "${quantity}", expected one like 768Mi`)
  return Number(amount) * (unit === 'Gi' ? 2 ** 30 : 2 ** 20)
}
