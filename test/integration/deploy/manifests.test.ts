import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import {
  kubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from '../../../dev/stack/kubernetes-api.ts'
import { dryRun } from '../../../dev/stack/manifests.ts'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import { healthRoutes } from '../../../src/observability/health.ts'
import { realParts } from '../../support/real-parts.ts'
import {
  allocatorContainer,
  deployment,
  documentsIn,
  kustomization,
  manifestFiles,
  manifestOf,
  manifests,
  packageVersion,
  root,
  textOf,
  type Deployment,
} from './support.ts'

interface Service extends KubernetesObject {
  readonly kind: 'Service'
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[]
  }
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}

describe('the manifests', () => {
  it('are all in the kustomization, the namespace first', () => {
    const { resources } = kustomization()

    expect(resources.toSorted()).toEqual(manifestFiles().toSorted())
    expect(resources[0]).toBe('namespace.yaml')
  })

  it('share one namespace, the one that they bring along', () => {
    const namespaces = manifests().flatMap(({ metadata }) => metadata.namespace ?? [])

    expect(new Set(namespaces)).toEqual(new Set([manifestOf('Namespace').metadata.name]))
  })

  it('run the image of this version', () => {
    expect(allocatorContainer().image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+$/)
    expect(allocatorContainer().image.split(':')[1]).toBe(packageVersion())
  })

  it('give flags and variables that the program knows, and open the ports it then listens on', () => {
    const { args, env, ports } = allocatorContainer()

    const invocation = parseInvocation(args, Object.fromEntries(env.map(({ name, value }) => [name, value])))

    if (invocation.show !== undefined) throw new Error('expected a command to run')
    const { metricsAddress, healthProbeAddress } = invocation.config
    expect(ports).toEqual([
      { name: 'metrics', containerPort: metricsAddress?.port },
      { name: 'probes', containerPort: healthProbeAddress?.port },
    ])
  })

  it('probe pages that the program serves', () => {
    const pages = Object.keys(
      healthRoutes({
        broken: () => undefined,
        checks: () => ({}),
        runtimeExtension: () => ({ ok: true, detail: '' }),
      }),
    )
    const { startupProbe, livenessProbe, readinessProbe } = allocatorContainer()

    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual([
      { path: '/healthz', port: 'probes' },
      { path: '/healthz', port: 'probes' },
      { path: '/readyz', port: 'probes' },
    ])
    expect(pages).toEqual(['/healthz', '/readyz', '/readyz/runtime-extension'])
  })

  it('restart a Pod that does not answer within a minute, and none that was busy for some seconds', () => {
    const {
      periodSeconds,
      timeoutSeconds,
      failureThreshold = 3,
      ...probe
    } = allocatorContainer().livenessProbe
    // A stuck process does not end by SIGTERM: the kubelet waits for all of it.
    const { terminationGracePeriodSeconds: grace = 30 } = probe

    const longest = periodSeconds * failureThreshold + timeoutSeconds + grace
    expect(longest).toBeLessThanOrEqual(60)
    expect(textOf('docs/configuration.md')).toContain(
      `replaces a stuck process after at most ${longest} seconds`,
    )
    expect(periodSeconds * (failureThreshold - 1)).toBeGreaterThanOrEqual(20)
  })

  it('give a process two minutes to answer for the first time', () => {
    const { periodSeconds, failureThreshold = 3 } = allocatorContainer().startupProbe

    expect(periodSeconds * failureThreshold).toBe(120)
  })

  it('leave user and group to the image and to the platform, and allow no root', () => {
    const { spec } = deployment().spec.template
    const contexts = [spec.securityContext, ...spec.containers.map(({ securityContext }) => securityContext)]

    for (const context of contexts) {
      expect(Object.keys(context)).not.toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^(runAsUser|runAsGroup|fsGroup|supplementalGroups)$/),
        ]),
      )
    }
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true })
    expect(spec.containers.map(({ securityContext }) => securityContext['readOnlyRootFilesystem'])).toEqual([
      true,
    ])
  })

  it.each(['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'])(
    'tolerate the taint %s of nodes that have the control plane',
    (key) => {
      const { tolerations } = deployment().spec.template.spec

      expect(tolerations).toContainEqual({ key, operator: 'Exists', effect: 'NoSchedule' })
    },
  )

  it('let the metrics Service find the Pods and their port', () => {
    const { spec } = manifestOf<Service>('Service')
    const { labels } = deployment().spec.template.metadata
    const metrics = allocatorContainer().ports.find(({ name }) => name === 'metrics')

    expect(labels).toMatchObject(spec.selector)
    expect(deployment().spec.selector.matchLabels).toEqual(spec.selector)
    expect(spec.ports).toEqual([{ name: 'metrics', port: metrics?.containerPort, targetPort: 'metrics' }])
  })
})

describe('the API server', () => {
  let api: KubernetesApi

  beforeAll(() => {
    api = kubernetesApi(realParts().stack)
  })

  afterAll(() => api.close())

  it.each(manifests().map((object) => [nameOf(object), object] as const))(
    'accepts %s',
    async (_name, object) => {
      await expect(dryRun(api, object)).resolves.toMatchObject({
        kind: object.kind,
        metadata: object.metadata,
      })
    },
  )

  it('refuses a misspelt field', async () => {
    const { spec, ...rest } = deployment()
    const planted = { ...rest, spec: { ...spec, replica: 2 } }

    await expect(dryRun(api, planted)).rejects.toThrow('.spec.replica: field not declared in schema')
  })

  /** A Pod as the Deployment makes it, with the security of container and Pod changed. */
  async function createPod(
    changed: Readonly<Record<string, unknown>>,
    ofPod: Readonly<Record<string, unknown>> = {},
  ): Promise<KubernetesObject> {
    const { metadata, spec } = deployment().spec.template
    const containers = spec.containers.map((container) => ({
      ...container,
      securityContext: { ...container.securityContext, ...changed },
    }))
    return api.send<KubernetesObject>({
      method: 'POST',
      path: `/api/v1/namespaces/${deployment().metadata.namespace}/pods?dryRun=All&fieldValidation=Strict`,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: 'deploy-test' },
        spec: { ...spec, containers, securityContext: { ...spec.securityContext, ...ofPod } },
      },
    })
  }

  it('admits the Pod under the restricted Pod Security Standard that its namespace enforces', async () => {
    await expect(createPod({})).resolves.toMatchObject({ kind: 'Pod' })
  })

  it('admits the Pod as restricted-v2 of OpenShift changes it: with user, group and label of the namespace', async () => {
    const chosen = { runAsUser: 1000730000, seLinuxOptions: { level: 's0:c27,c14' } }

    await expect(
      createPod(chosen, { fsGroup: 1000730000, seLinuxOptions: { level: 's0:c27,c14' } }),
    ).resolves.toMatchObject({ kind: 'Pod' })
  })

  it('would not admit it as root', async () => {
    await expect(createPod({ runAsUser: 0 })).rejects.toThrow('violates PodSecurity "restricted:latest"')
    await expect(createPod({}, { runAsNonRoot: false })).rejects.toThrow('runAsNonRoot != true')
  })

  it('would not admit it with fewer restrictions', async () => {
    await expect(createPod({ allowPrivilegeEscalation: true })).rejects.toThrow(
      'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
    )
  })

  it('gets the same objects from kubectl with the kustomization', async () => {
    const text = await runCommand({
      command: realParts().stack.paths.kubectl,
      args: ['kustomize', join(root, 'deploy/manifests')],
      cwd: root,
    })
    const built = [...parseAllDocuments(text)].map((document) => document.toJS() as KubernetesObject)

    expect(built.map(nameOf).toSorted()).toEqual(manifests().map(nameOf).toSorted())
  })

  it('has a Role in place of the ClusterRole with the kustomization for one namespace', async () => {
    const text = await runCommand({
      command: realParts().stack.paths.kubectl,
      args: ['kustomize', join(root, 'deploy/namespaced')],
      cwd: root,
    })
    const built = [...parseAllDocuments(text)].map((document) => document.toJS() as KubernetesObject)
    const others = manifests().filter(({ kind }) => !kind.startsWith('ClusterRole'))
    const roles = documentsIn('deploy/namespaced/role.yaml')

    expect(built.map(nameOf).toSorted()).toEqual([...others, ...roles].map(nameOf).toSorted())
    const changed = built.find(({ kind }) => kind === 'Deployment') as Deployment
    expect(changed.spec.template.spec.containers[0]?.env).toContainEqual({
      name: 'CAPI_VIP_ALLOCATOR_NAMESPACE',
      value: 'tenant-a',
    })
  })
})
