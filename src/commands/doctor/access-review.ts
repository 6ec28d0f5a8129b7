import { objectOf, nonEmptyStringOf, type JsonObject } from '../../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import type { Permission } from '../../kubernetes/permissions.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { ReviewedPermission } from './checks/permissions.ts'

type Requests = Pick<KubernetesConnection, 'request'>

/** The user name that the API server authenticates us as. @throws KubernetesError `notServed` before Kubernetes 1.28 */
export async function readOwnUser(connection: Requests): Promise<string> {
  const status = await review(connection, 'authentication.k8s.io', 'SelfSubjectReview', 'ask who we are', {})
  return nonEmptyStringOf(objectOf(status['userInfo'])['username']) ?? 'unknown'
}

/**
 * Reviews each permission in each namespace (none: all at once), and those of cluster-scoped kinds once.
 *
 * @param account undefined: our own
 */
export async function reviewPermissions(
  connection: Requests,
  account: NamespacedName | undefined,
  permissions: readonly Permission[],
  namespaces: readonly string[],
): Promise<readonly ReviewedPermission[]> {
  const places = namespaces.length === 0 ? [''] : namespaces
  return Promise.all(
    permissions.flatMap((permission) =>
      placesOf(permission, places).map(async (namespace) => {
        const allowed = await isAllowed(connection, account, { ...permission, namespace })
        return { ...permission, namespace, allowed }
      }),
    ),
  )
}

function placesOf(permission: Permission, places: readonly string[]): readonly string[] {
  if (permission.only !== undefined) return [permission.only.namespace]
  return permission.isClusterScoped === true && permission.ofNamespace === undefined ? [''] : places
}

async function isAllowed(
  connection: Requests,
  account: NamespacedName | undefined,
  asked: Permission & { readonly namespace: string },
): Promise<boolean> {
  const { verb, group, namespace } = asked
  const name = asked.only?.name ?? (asked.ofNamespace === true && namespace !== '' ? namespace : undefined)
  const [resource = '', subresource] = asked.resource.split('/')
  const resourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== '' && { namespace }),
    ...(name !== undefined && { name }),
  }
  const kind = account === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
  const action = `ask whether ${account === undefined ? 'we' : formatKey(account)} may ${verb} ${asked.resource}`
  const spec = { resourceAttributes, ...(account && userOf(account)) }
  const status = await review(connection, 'authorization.k8s.io', kind, action, spec)
  return status['allowed'] === true
}

/** The user and groups that the API server derives from the token of a ServiceAccount. */
function userOf({ namespace, name }: NamespacedName): JsonObject {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
}

/** Creates a review, which the API server answers by its status and does not store. */
async function review(
  connection: Requests,
  group: string,
  kind: string,
  action: string,
  spec: JsonObject,
): Promise<JsonObject> {
  const apiVersion = `${group}/v1`
  const resource = `${kind.toLowerCase()}s`
  const path = `/apis/${apiVersion}/${resource}`
  const body = { apiVersion, kind, metadata: {}, spec }
  return objectOf((await connection.request({ verb: 'create', resource, action, path, body }))['status'])
}
