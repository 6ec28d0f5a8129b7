import { sleep } from '@temporalio/activity'
import { pollInterval } from '../domain/timings.ts'
import type { ClusterApi, StepApi } from '../kubernetes/cluster-api.ts'

/** Every answer is asked for anew. */
export function askingAnew(api: ClusterApi): StepApi {
  return {
    ...api,
    anew: api,
    addressUseBeside: () => api.listAddressUse(),
    listenToClaim: () => {
      let looks = 0
      return {
        untilChange: () => sleep(pollInterval(looks++)),
        close: () => undefined,
      }
    },
  }
}
