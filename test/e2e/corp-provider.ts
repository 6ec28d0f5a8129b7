import { getObject } from './objects.ts'
import type { Testbed } from './testbed.ts'

/** An IPAM provider that is not the in-cluster one, played by the tests. */
export const corpGroup = 'ipam.example.test'

/** Its pool as a Cluster names it. */
export const corpPool = `CorpIPPool.${corpGroup}/corp`

export const corpPools = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `corpippools.${corpGroup}` },
  spec: {
    group: corpGroup,
    scope: 'Namespaced',
    names: { plural: 'corpippools', singular: 'corpippool', kind: 'CorpIPPool', listKind: 'CorpIPPoolList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

/** Binds a claim, as its IPAM provider would. */
export async function bindCorpClaim(testbed: Testbed, claim: string, address: string): Promise<void> {
  const { apiVersion, spec } = await getObject(testbed, 'ipaddressclaims', claim)
  const metadata = { name: claim, namespace: testbed.namespace }
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddresses'),
    body: {
      apiVersion,
      kind: 'IPAddress',
      metadata,
      spec: { address, prefix: 24, poolRef: spec['poolRef'], claimRef: { name: claim } },
    },
  })
  await testbed.patch(`${testbed.path('ipaddressclaims', claim)}/status`, {
    status: { addressRef: { name: claim } },
  })
}
