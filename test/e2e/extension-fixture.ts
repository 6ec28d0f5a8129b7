import { join } from 'node:path'
import { writeHookCertificates } from '../../dev/hooks/hook-certificates.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests, readManifests } from '../../dev/stack/manifests.ts'
import { allocatorAccount } from '../../dev/allocator.ts'
import { kubernetesApi, type KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { arrayOf, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { eventually } from '../support/eventually.ts'
import { startHookFront, type HookFront } from '../support/hook-front.ts'
import type { Testbed } from './testbed.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')
const exampleClass = 'rke2-cluster-class'

/** Text of the class's control plane template that stands for the VIP. */
export const vipToken = 'VIP_ADDRESS'

/** The runtime extension of a suite: its own ExtensionConfig, for its own namespace, and a front that injects faults. */
export interface ExtensionFixture {
  readonly front: HookFront
  /** Name of the ExtensionConfig. */
  readonly name: string
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
    flagsOfReplica: async () => {
      const port = await freePort()
      front.targets = [...front.targets, port]
      return { port, flags: [`--runtime-extension-bind-address=127.0.0.1:${port}`, ...files] }
    },
    untilRegistered,
    registerAgain: async () => {
      await applyManifests(stack, [extensionConfig(name, front.url, authority, testbed.namespace)])
      await untilRegistered()
    },
    createClass: async (className) => {
      await applyManifests(stack, classObjects(testbed.namespace, className, `patch.${name}`))
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
      verbs: ['create', 'patch', 'delete'],
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

function extensionConfig(
  name: string,
  url: string,
  authority: string,
  namespace: string,
): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: 'runtime.cluster.x-k8s.io/v1beta2',
    kind: 'ExtensionConfig',
    metadata: { name },
    spec: {
      clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    },
  }
}

/** The class of the examples with its templates, but with our patch in place of its own, and a text for kube-vip. */
function classObjects(namespace: string, name: string, handler: string): readonly KubernetesObject[] {
  return readManifests({ path: join(examples, 'cluster-class.yaml') }).map(
    (object: KubernetesObject & { readonly spec?: JsonObject }) => ({
      ...object,
      metadata: { ...object.metadata, namespace, name },
      spec: specOf(object, name, handler),
    }),
  )
}

function specOf(
  { kind, spec = {} }: KubernetesObject & { readonly spec?: JsonObject },
  name: string,
  generatePatchesExtension: string,
): JsonObject {
  if (kind === 'DemoControlPlaneTemplate') {
    return { template: { spec: { files: [{ path: '/kube-vip.yaml', content: `address: ${vipToken}` }] } } }
  }
  if (kind !== 'ClusterClass') return spec
  const { variables: _variables, ...rest } = spec
  const renamed: JsonObject = JSON.parse(JSON.stringify(rest).replaceAll(exampleClass, name))
  return {
    ...renamed,
    patches: [{ name: 'vip', external: { generatePatchesExtension, settings: { vipToken } } }],
  }
}
