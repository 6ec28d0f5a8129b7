import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'
import { pollClaim } from '../../src/kubernetes/live-cluster-api.ts'
import { nobodyWaits } from './builders.ts'

/** A live ClusterApi with the given methods; calling another one fails the test. */
export function fakeClusterApi(calls: Partial<ClusterApi>): ClusterApi {
  const refuse = (name: string) => (): Promise<never> =>
    Promise.reject(new Error(`the test does not expect ${name} to be called`))
  const all = {
    getCluster: refuse('getCluster'),
    getClusterClass: async () => undefined,
    listIPPools: refuse('listIPPools'),
    scopeOfKind: async () => 'namespaced' as const,
    getIPAddressClaim: refuse('getIPAddressClaim'),
    listClaimsOf: async () => [],
    createIPAddressClaim: refuse('createIPAddressClaim'),
    patchIPAddressClaim: refuse('patchIPAddressClaim'),
    deleteIPAddressClaim: refuse('deleteIPAddressClaim'),
    getIPAddress: refuse('getIPAddress'),
    listIPAddressesOf: refuse('listIPAddressesOf'),
    createIPAddress: refuse('createIPAddress'),
    deleteIPAddress: refuse('deleteIPAddress'),
    listAddressUse: refuse('listAddressUse'),
    readWaitingQueue: async () => nobodyWaits,
    countWaiting: () => undefined,
    patchCluster: refuse('patchCluster'),
    applyCondition: refuse('applyCondition'),
    recordEvent: refuse('recordEvent'),
    getDnsEndpoint: refuse('getDnsEndpoint'),
    applyDnsEndpoint: refuse('applyDnsEndpoint'),
    ...calls,
  }
  return {
    getClusterLive: all.getCluster,
    getIPAddressLive: all.getIPAddress,
    listAddressUseOf: all.listAddressUse,
    listenToClaim: pollClaim,
    ...all,
  }
}
