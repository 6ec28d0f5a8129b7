import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { parse } from 'yaml'
import {
  kubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from '../../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../../dev/stack/manifests.ts'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { realParts } from '../../support/real-parts.ts'
import { promtool } from './promtool.ts'
import { manifestOf, root, textOf } from './support.ts'

interface ServiceMonitor extends KubernetesObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly endpoints: readonly { readonly port: string; readonly honorLabels: boolean }[]
  }
}

interface Service extends KubernetesObject {
  readonly kind: 'Service'
  readonly spec: { readonly ports: readonly { readonly name: string }[] }
}

const service = manifestOf<Service>('Service')
const serviceMonitor: ServiceMonitor = parse(textOf('deploy/monitoring/service-monitor.yaml'))
const prometheusRule: KubernetesObject = parse(textOf('deploy/monitoring/prometheus-rule.yaml'))

describe('the scrape job', () => {
  const text = textOf('deploy/monitoring/prometheus.yaml')
  const alerts = { 'alerts.yaml': textOf('deploy/monitoring/alerts.yaml') }

  it('is one that promtool has nothing to say against, and finds the alert rules', async () => {
    const verdict = await promtool(['check', 'config', 'prometheus.yaml'], {
      'prometheus.yaml': text,
      ...alerts,
    })

    expect(verdict).toMatchObject({ passed: true, output: expect.stringContaining('1 rule files found') })
  })

  it('would be refused with a misspelt key', async () => {
    const planted = text.replace('honor_labels', 'honour_labels')

    const verdict = await promtool(['check', 'config', 'prometheus.yaml'], {
      'prometheus.yaml': planted,
      ...alerts,
    })

    expect(verdict).toMatchObject({ passed: false, output: expect.stringContaining('honour_labels') })
  })

  it('names the metrics Service, its port and its namespace', () => {
    const { name, namespace } = service.metadata

    expect(text).toContain(`regex: ${name};${service.spec.ports[0]?.name}\n`)
    expect(text).toContain(`names: [${namespace}]\n`)
  })
})

describe('the ServiceMonitor', () => {
  it('finds the metrics Service by its labels, and its port by name', () => {
    const { metadata, spec } = serviceMonitor

    expect(metadata.namespace).toBe(service.metadata.namespace)
    expect(service.metadata.labels).toMatchObject(spec.selector.matchLabels)
    expect(spec.endpoints).toEqual([{ port: service.spec.ports[0]?.name, honorLabels: true }])
  })
})

describe('the API server with the CustomResourceDefinitions of the Prometheus Operator', () => {
  const kinds = ['prometheusrules', 'servicemonitors']
  let api: KubernetesApi

  beforeAll(async () => {
    const { stack } = realParts()
    api = kubernetesApi(stack)
    const directory = await operatorDirectory()
    await applyManifests(
      stack,
      kinds.map((kind) => ({ path: join(directory, `monitoring.coreos.com_${kind}.yaml`) })),
    )
  })

  afterAll(async () => {
    for (const kind of kinds) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind}.monitoring.coreos.com`
      await api.send({ method: 'DELETE', path })
    }
    await api.close()
  })

  /** Nothing is stored, and no unknown field is passed over. */
  function dryRun(object: KubernetesObject): Promise<KubernetesObject> {
    const { name, namespace } = object.metadata
    return api.send<KubernetesObject>({
      method: 'PATCH',
      path: `/apis/${object.apiVersion}/namespaces/${namespace}/${object.kind.toLowerCase()}s/${name}?dryRun=All&fieldValidation=Strict&fieldManager=deploy-test&force=true`,
      body: object,
      contentType: 'application/apply-patch+yaml',
    })
  }

  it.each([
    ['the PrometheusRule', prometheusRule],
    ['the ServiceMonitor', serviceMonitor],
  ])('accepts %s', async (_name, object) => {
    await expect(dryRun(object)).resolves.toMatchObject({ kind: object.kind, metadata: object.metadata })
  })

  it('refuses a misspelt field', async () => {
    const planted = { ...serviceMonitor, spec: { ...serviceMonitor.spec, endpoint: [] } }

    await expect(dryRun(planted)).rejects.toThrow('.spec.endpoint: field not declared in schema')
  })
})

/** Where the module cache has the operator's CustomResourceDefinitions, in the version that go.mod names. */
async function operatorDirectory(): Promise<string> {
  const cwd = join(root, 'dev/go/prometheus-operator')
  const pinned = /^require (\S+) (v\S+)$/m.exec(textOf('dev/go/prometheus-operator/go.mod'))
  const answer = await runCommand({
    command: 'go',
    args: ['mod', 'download', '-json', `${pinned?.[1]}@${pinned?.[2]}`],
    cwd,
    env: { GOWORK: 'off', GOFLAGS: '-mod=readonly' },
  })
  const parsed: unknown = JSON.parse(answer)
  return join(stringOf(objectOf(parsed)['Dir']), 'example', 'prometheus-operator-crd')
}
