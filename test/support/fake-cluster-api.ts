import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'

/** A management cluster of which a test says only what is asked for; every other call fails the test. */
export function fakeClusterApi(calls: Partial<ClusterApi>): ClusterApi {
  const refuse = (name: string) => (): Promise<never> =>
    Promise.reject(new Error(`the test does not expect ${name} to be called`))
  return {
    getCluster: refuse('getCluster'),
    getClusterClass: refuse('getClusterClass'),
    listIPPools: refuse('listIPPools'),
    getIPAddressClaim: refuse('getIPAddressClaim'),
    createIPAddressClaim: refuse('createIPAddressClaim'),
    patchIPAddressClaim: refuse('patchIPAddressClaim'),
    deleteIPAddressClaim: refuse('deleteIPAddressClaim'),
    getIPAddress: refuse('getIPAddress'),
    createIPAddress: refuse('createIPAddress'),
    deleteIPAddress: refuse('deleteIPAddress'),
    listAddressUse: refuse('listAddressUse'),
    patchCluster: refuse('patchCluster'),
    applyCondition: refuse('applyCondition'),
    recordEvent: refuse('recordEvent'),
    ...calls,
  }
}
