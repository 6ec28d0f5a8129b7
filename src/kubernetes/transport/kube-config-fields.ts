import { isAbsolute, join } from 'node:path'
import type { Cluster, User } from '@kubernetes/client-node'
import { arrayOf, nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { KubeConfig } from './client-node.ts'

/** A user with the fields of a kubeconfig that client-node does not read. */
export interface FullUser extends User {
  readonly impersonateUid?: string | undefined
  readonly impersonateGroups?: readonly string[]
  /** Values by key. */
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>>
}

/** A cluster with the extension that is for exec plugins. */
export interface FullCluster extends Cluster {
  readonly execConfig?: unknown
}

/** The name of that extension. */
const execExtension = 'client.authentication.k8s.io/exec'

/**
 * Adds what kubectl reads and client-node does not: `tokenFile`, impersonated groups, uid and extra fields, the
 * configuration of exec plugins, and plugins beside the file.
 *
 * @param raw the parsed file
 * @param directory of the file, for relative paths
 */
export function withUnreadFields(kubeConfig: KubeConfig, raw: JsonObject, directory: string): KubeConfig {
  const rawUsers = byName(raw['users'], 'user')
  const rawClusters = byName(raw['clusters'], 'cluster')
  const full = new KubeConfig()
  full.loadFromOptions({
    clusters: kubeConfig
      .getClusters()
      .map((cluster) => fullCluster(cluster, rawClusters.get(cluster.name) ?? {})),
    users: kubeConfig.getUsers().map((user) => fullUser(user, rawUsers.get(user.name) ?? {}, directory)),
    contexts: kubeConfig.getContexts(),
    currentContext: kubeConfig.getCurrentContext(),
  })
  return full
}

/** The first entry of a name counts, as client-node finds it. */
function byName(list: unknown, field: string): ReadonlyMap<string, JsonObject> {
  const entries = arrayOf(list).map(objectOf)
  return new Map(entries.toReversed().map((entry) => [String(entry['name']), objectOf(entry[field])]))
}

function fullCluster(cluster: Cluster, raw: JsonObject): FullCluster {
  const extension = arrayOf(raw['extensions'])
    .map(objectOf)
    .find(({ name }) => name === execExtension)
  return extension === undefined ? cluster : { ...cluster, execConfig: extension['extension'] }
}

function fullUser(user: User, raw: JsonObject, directory: string): FullUser {
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(directory, path))
  const tokenFile = nonEmptyStringOf(raw['tokenFile'])
  const groups = arrayOf(raw['as-groups']).map(String)
  const extra = Object.entries(objectOf(raw['as-user-extra'])).map(
    ([key, values]) => [key, arrayOf(values).map(String)] as const,
  )
  const uid = nonEmptyStringOf(raw['as-uid'])
  const { token: _besideFile, ...withoutToken } = user
  return {
    // The file goes before a token that is written beside it.
    ...(tokenFile === undefined ? user : withoutToken),
    ...(tokenFile !== undefined && {
      authProvider: { name: 'tokenFile', config: { tokenFile: absolute(tokenFile) } },
    }),
    ...(user.exec && { exec: pluginBeside(objectOf(user.exec), absolute) }),
    ...(uid !== undefined && { impersonateUid: uid }),
    ...(groups.length > 0 && { impersonateGroups: groups }),
    ...(extra.length > 0 && { impersonateExtra: Object.fromEntries(extra) }),
  }
}

/** A command with a path is relative to the file; one without is found in PATH. */
function pluginBeside(exec: JsonObject, absolute: (path: string) => string): JsonObject {
  const command = nonEmptyStringOf(exec['command'])
  return command?.includes('/') === true ? { ...exec, command: absolute(command) } : exec
}

/** The headers of impersonation that client-node does not set. */
export function impersonationHeaders(user: FullUser | null): Readonly<Record<string, string | string[]>> {
  const { impersonateUid, impersonateGroups = [], impersonateExtra = {} } = user ?? {}
  return {
    ...(impersonateUid !== undefined && { 'impersonate-uid': impersonateUid }),
    ...(impersonateGroups.length > 0 && { 'impersonate-group': [...impersonateGroups] }),
    ...Object.fromEntries(
      Object.entries(impersonateExtra).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key).toLowerCase()}`,
        [...values],
      ]),
    ),
  }
}
