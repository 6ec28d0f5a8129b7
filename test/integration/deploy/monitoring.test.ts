import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import {
  kubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from '../../../dev/stack/kubernetes-api.ts'
import { dryRun } from '../../../dev/stack/manifests.ts'
import { realParts } from '../../support/real-parts.ts'
import { promtool } from './promtool.ts'
import { manifestOf, textOf } from './support.ts'

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
  let api: KubernetesApi

  beforeAll(() => {
    api = kubernetesApi(realParts().stack)
  })

  afterAll(() => api.close())

  it.each([
    ['the PrometheusRule', prometheusRule],
    ['the ServiceMonitor', serviceMonitor],
  ])('accepts %s', async (_name, object) => {
    await expect(dryRun(api, object)).resolves.toMatchObject({ kind: object.kind, metadata: object.metadata })
  })

  it('refuses a misspelt field', async () => {
    const planted = { ...serviceMonitor, spec: { ...serviceMonitor.spec, endpoint: [] } }

    await expect(dryRun(api, planted)).rejects.toThrow('.spec.endpoint: field not declared in schema')
  })
})
