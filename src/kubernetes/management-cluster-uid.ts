import { nonEmptyStringOf, objectOf } from '../domain/model/decode.ts'
import { identifyingNamespace } from '../domain/management-cluster.ts'
import { KubernetesError } from './errors.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Reads the uid that identifies the management cluster. @throws KubernetesError */
export async function readManagementClusterUid(
  { request }: Pick<KubernetesConnection, 'request'>,
  signal?: AbortSignal,
): Promise<string> {
  const action = `get Namespace ${identifyingNamespace}`
  const path = `/api/v1/namespaces/${identifyingNamespace}`
  const answer = await request({
    verb: 'get',
    resource: 'namespaces',
    action,
    path,
    ...(signal && { signal }),
  })
  const uid = nonEmptyStringOf(objectOf(answer['metadata'])['uid'])
  if (uid === undefined)
    throw new KubernetesError(`${action}: it has no uid`, { kind: 'notFound', status: 200 })
  return uid
}
