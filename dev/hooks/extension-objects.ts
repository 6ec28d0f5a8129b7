import { example } from '../demo/examples.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import type { KubernetesObject } from '../stack/kubernetes-api.ts'
import { readManifests } from '../stack/manifests.ts'

/** Text of the class's control plane template that stands for the VIP. */
export const vipToken = 'VIP_ADDRESS'

const exampleClass = 'rke2-cluster-class'

export interface ExtensionConfigOptions {
  readonly name: string
  readonly url: string
  /** PEM. */
  readonly authority: string
  /** Core calls for its Clusters only. */
  readonly namespace: string
}

export function extensionConfigObject(
  options: ExtensionConfigOptions,
): KubernetesObject & { readonly spec: object } {
  const { name, url, authority, namespace } = options
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
export function patchedClassObjects(
  namespace: string,
  name: string,
  handler: string,
): readonly KubernetesObject[] {
  return readManifests(example('cluster-class')).map(
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
