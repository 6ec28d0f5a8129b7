import { sleep } from '@temporalio/activity'
import type { AddressUse } from '../domain/address-holder.ts'
import type { IPAddress } from '../domain/allocated-address.ts'
import { pauseBeforeLook } from '../domain/waiting.ts'
import type { ClaimListener, ClusterApi } from '../kubernetes/cluster-api.ts'
import type { NamespacedName } from '../domain/object-meta.ts'

/**
 * The management cluster as a step sees it: as it is, or as the watches of this process know it. What is known can be a
 * little older; a step writes only on conditions that the API server checks, or after a look at `anew`.
 */
export interface StepApi extends ClusterApi {
  /** As it is at this moment, in any case. */
  readonly anew: Pick<ClusterApi, 'getCluster' | 'getIPAddress'>
  /** All Clusters and IPAddresses that may have the same address, of which some may be gone. */
  addressUseBeside(own: IPAddress): Promise<AddressUse>
  listenToClaim(key: NamespacedName): ClaimListener
}

/** Every answer is asked for anew. */
export function askingAnew(api: ClusterApi): StepApi {
  return {
    ...api,
    anew: api,
    addressUseBeside: () => api.listAddressUse(),
    listenToClaim: () => {
      let looks = 0
      return {
        untilChange: () => sleep(pauseBeforeLook(looks++)),
        close: () => undefined,
      }
    },
  }
}
