import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runCommand } from '../stack/run-command.ts'
import { allocatorNamespace, chartDirectory, renderChart } from './helm.ts'
import { providerComponents, providerSettings } from './provider-components.ts'

const root = join(import.meta.dirname, '..', '..')

/** Programs that make the files, by their paths. */
export interface ChartTools {
  readonly helm: string
  readonly helmDocs: string
}

const made = 'Made by: npm run render'

/** Files that others read, too, and that the chart brings along. */
const chartFiles = {
  'alerts.yaml': 'deploy/monitoring/alerts.yaml',
  'grafana-dashboard.json': 'deploy/monitoring/grafana-dashboard.json',
  'temporal-dynamic-config.yaml': 'deploy/temporal/dynamic-config.yaml',
}

/** A name for the file of each kind of object. */
const fileNames: Readonly<Record<string, string>> = {
  ServiceAccount: 'service-account.yaml',
  ClusterRole: 'cluster-role.yaml',
  ClusterRoleBinding: 'cluster-role-binding.yaml',
  Deployment: 'deployment.yaml',
  PodDisruptionBudget: 'pod-disruption-budget.yaml',
  Service: 'metrics-service.yaml',
}

/** With Helm, the user creates the namespace. */
const namespaceManifest = `apiVersion: v1
kind: Namespace
metadata:
  name: ${allocatorNamespace}
  labels:
    app.kubernetes.io/name: capi-vip-allocator
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
`

/** The namespaces of deploy/namespaced, as its comments explain. */
const namespaced = {
  namespaces: ['tenant-a'],
  rbac: { namespaced: true, classNamespaces: ['platform'] },
} as const

/** The values by which the chart renders what deploy/namespaced builds. */
export const namespacedValues = {
  ...namespaced,
  rbac: { ...namespaced.rbac, classNamespaces: [] },
}

/** Every file that is made from the chart, or for it, with its path in the repository. */
export async function generatedFiles(tools: ChartTools): Promise<ReadonlyMap<string, string>> {
  const monitoring = { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } }
  const [cluster, provided, roles, monitors, readme] = await Promise.all([
    renderedObjects(tools.helm, {}),
    renderedObjects(tools.helm, {
      extraEnvFrom: [{ secretRef: { name: providerSettings, optional: true } }],
    }),
    renderedObjects(tools.helm, namespaced),
    renderedObjects(tools.helm, monitoring),
    runCommand({
      command: tools.helmDocs,
      args: ['--dry-run', '--log-level=warning', `--chart-search-root=${chartDirectory}`],
      cwd: root,
    }),
  ])
  return new Map([
    ...manifestFiles(cluster),
    ...roleFiles(roles),
    ...monitorFiles(monitors),
    ...Object.entries(chartFiles).map(
      ([file, path]) => [`deploy/chart/capi-vip-allocator/files/${file}`, textOf(path)] as const,
    ),
    ...providerFiles(provided),
    ['deploy/chart/capi-vip-allocator/README.md', readme] as const,
  ])
}

function manifestFiles(objects: readonly RenderedObject[]): readonly (readonly [string, string])[] {
  const files = objects.map(({ kind, text }) => [fileNameOf(kind), `# ${made}\n${text}`] as const)
  const names = ['namespace.yaml', ...files.map(([name]) => name)]
  const kustomization = [
    `# ${made}`,
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    ...names.map((name) => `  - ${name}`),
    '',
  ].join('\n')
  return [
    ['kustomization.yaml', kustomization] as const,
    ['namespace.yaml', `# ${made}\n${namespaceManifest}`] as const,
    ...files,
  ].map(([name, text]) => [`deploy/manifests/${name}`, text] as const)
}

function fileNameOf(kind: string): string {
  const name = fileNames[kind]
  if (name !== undefined) return name
  throw new Error(`deploy/manifests has no file for a ${kind}, which the chart renders without any value`)
}

/** What clusterctl and the Cluster API operator install. */
function providerFiles(objects: readonly RenderedObject[]): readonly (readonly [string, string])[] {
  const texts = [namespaceManifest, ...objects.map(({ text }) => text)]
  return [['deploy/provider/components.yaml', `# ${made}\n${providerComponents(texts, allocatorNamespace)}`]]
}

function roleFiles(objects: readonly RenderedObject[]): readonly (readonly [string, string])[] {
  const [served] = namespaced.namespaces
  const [elsewhere] = namespaced.rbac.classNamespaces
  const rolesIn = (place: string): string =>
    objects
      .filter(({ kind, namespace }) => kind.startsWith('Role') && namespace === place)
      .map(({ text }) => text)
      .join('---\n')
  return [
    [
      'deploy/namespaced/role.yaml',
      `# ${made}
# The rights of the ClusterRole of deploy/manifests, in one namespace. For every namespace that is served: a copy with its
# name, and its name in CAPI_VIP_ALLOCATOR_NAMESPACE. Without rights beyond, GlobalInClusterIPPools serve nobody.
${rolesIn(served)}`,
    ],
    [
      'deploy/namespaced/class-role.yaml',
      `# ${made}
# For ClusterClasses in a namespace that is not served, here \`${elsewhere}\`: Clusters of ${served} may name them. Add this file to
# the resources of the kustomization.
${rolesIn(elsewhere)}`,
    ],
  ]
}

function monitorFiles(objects: readonly RenderedObject[]): readonly (readonly [string, string])[] {
  const textOfKind = (wanted: string): string => {
    const found = objects.find(({ kind }) => kind === wanted)
    if (found === undefined) throw new Error(`the chart renders no ${wanted}`)
    return found.text
  }
  return [
    [
      'deploy/monitoring/service-monitor.yaml',
      `# ${made}
# For the Prometheus Operator. Its Prometheus may ask for a label of its own here (serviceMonitorSelector).
${textOfKind('ServiceMonitor')}`,
    ],
    [
      'deploy/monitoring/prometheus-rule.yaml',
      `# ${made}\n${withComments(textOfKind('PrometheusRule'), textOf('deploy/monitoring/alerts.yaml'))}`,
    ],
  ]
}

/** The rules as people wrote them, with their comments, in place of the rendered ones. */
function withComments(rule: string, alerts: string): string {
  const head = rule.slice(0, rule.indexOf('  groups:'))
  const groups = alerts.slice(alerts.indexOf('groups:'))
  return head + groups.replaceAll(/^(?=.)/gm, '  ')
}

/** An object of the chart, as text with comments. */
interface RenderedObject {
  readonly kind: string
  readonly namespace: string | undefined
  readonly text: string
}

/** What the chart renders, without labels that say that Helm manages it. */
async function renderedObjects(
  helm: string,
  values: Readonly<Record<string, unknown>>,
): Promise<readonly RenderedObject[]> {
  const rendered = await renderChart(helm, { values, skipTests: true })
  return withoutHelmLabels(rendered)
    .split(/^---\n/m)
    .map((text) => text.replaceAll(/^# Source: .*\n/gm, '').trim())
    .filter((text) => text !== '')
    .map((text) => {
      const { kind, metadata }: { kind: string; metadata: { namespace?: string } } = parse(text)
      return { kind, namespace: metadata.namespace, text: `${text}\n` }
    })
}

/** Manifests without the labels that say that Helm manages the objects. */
export function withoutHelmLabels(manifests: string): string {
  return manifests.replaceAll(/^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm, '')
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
