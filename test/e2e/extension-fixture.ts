import { join } from 'node:path'
import { extensionConfigObject, patchedClassObjects } from '../../dev/hooks/extension-objects.ts'
import { writeHookCertificates } from '../../dev/hooks/hook-certificates.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { allocatorAccount } from '../../dev/allocator.ts'
import { kubernetesApi, type KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { arrayOf, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { eventually } from '../support/eventually.ts'
import { startHookFront, type HookFront } from '../support/hook-front.ts'
import type { Testbed } from './testbed.ts'

/** The runtime extension of a suite: its own ExtensionConfig, for its own namespace, and a front that injects faults. */
export interface ExtensionFixture {
  readonly front: HookFront
  /** Name of the ExtensionConfig. */
  readonly name: string
  /** PEM of the authority of its certificates. */
  readonly authority: string
  /** Flags of a further replica, which the front then calls, too. */
  flagsOfReplica(): Promise<{ readonly port: number; readonly flags: readonly string[] }>
  /** Waits until core has discovered the handlers, which a replica has registered. */
  untilRegistered(): Promise<void>
  /** Registers them again, at once. */
  registerAgain(): Promise<void>
  /** Creates a class without variables whose Clusters get their VIP by the extension. */
  createClass(name: string): Promise<void>
  close(): Promise<void>
}

export async function openExtension(
  stack: StackConnection,
  testbed: Testbed,
  handlers = 'patch',
): Promise<ExtensionFixture> {
  const certificates = writeHookCertificates(join(stack.runDirectory, `${testbed.namespace}-extension`))
  const { authority } = certificates
  const front = await startHookFront({
    certificate: certificates.front,
    authority,
    client: certificates.client,
  })
  const name = `vip-${testbed.namespace}`
  const path = `/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs/${name}`
  await applyManifests(stack, permissionsFor(name))
  const files = [
    ...certificates.flags,
    `--runtime-extension-handlers=${handlers}`,
    `--runtime-extension-register=${front.url}`,
    `--runtime-extension-ca=${certificates.authorityPath}`,
    `--runtime-extension-config=${name}`,
  ]
  const api = kubernetesApi(stack)
  const untilRegistered = async (): Promise<void> => {
    await eventually('the handlers to be discovered', async () => {
      const { status } = await api.send<JsonObject>({ method: 'GET', path }).catch(() => ({ status: {} }))
      return arrayOf(objectOf(status)['handlers']).length > 0 ? true : undefined
    })
  }
  return {
    front,
    name,
    authority,
    flagsOfReplica: async () => {
      const port = await freePort()
      front.targets = [...front.targets, port]
      return { port, flags: [`--runtime-extension-bind-address=127.0.0.1:${port}`, ...files] }
    },
    untilRegistered,
    registerAgain: async () => {
      const { namespace } = testbed
      await applyManifests(stack, [extensionConfigObject({ name, url: front.url, authority, namespace })])
      await untilRegistered()
    },
    createClass: async (className) => {
      await applyManifests(stack, patchedClassObjects(testbed.namespace, className, `patch.${name}`))
    },
    close: async () => {
      try {
        await api.send({ method: 'DELETE', path })
      } finally {
        await Promise.all([front.close(), api.close()])
      }
    },
  }
}

/** What the chart permits with `runtimeExtension.enabled`. */
function permissionsFor(name: string): readonly KubernetesObject[] {
  const rbac = 'rbac.authorization.k8s.io'
  const metadata = { name: `extension-${name}` }
  const rules = [
    {
      apiGroups: ['runtime.cluster.x-k8s.io'],
      resources: ['extensionconfigs'],
      resourceNames: [name],
      verbs: ['get', 'create', 'patch', 'delete'],
    },
  ]
  const subjects = [{ kind: 'ServiceAccount', ...allocatorAccount }]
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name }
  const role = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules }
  return [
    role,
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, subjects, roleRef },
  ] as KubernetesObject[]
}
