import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../../dev/stack/kubernetes-api.ts'

export const root = join(import.meta.dirname, '..', '..', '..')

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The version of the project and its image. */
export function packageVersion(): string {
  return packageJson().version
}

export function packageJson(): PackageJson {
  const manifest: PackageJson = JSON.parse(textOf('package.json'))
  return manifest
}

interface PackageJson {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifestDirectory = 'deploy/manifests'

/** File names of the manifests, without the kustomization. */
export function manifestFiles(): string[] {
  return readdirSync(join(root, manifestDirectory)).filter((name) => name !== 'kustomization.yaml')
}

export function kustomization(): { readonly resources: readonly string[] } {
  const read: { resources: string[] } = parse(textOf(`${manifestDirectory}/kustomization.yaml`))
  return read
}

/** All objects in deploy/manifests. */
export function manifests(): KubernetesObject[] {
  return manifestFiles().flatMap((file) => documentsIn(`${manifestDirectory}/${file}`))
}

/** The objects in a file of YAML documents. */
export function documentsIn(path: string): KubernetesObject[] {
  return [...parseAllDocuments(textOf(path))].map((document) => {
    const object: KubernetesObject = document.toJS()
    return object
  })
}

export function deployment(): Deployment {
  return manifestOf<Deployment>('Deployment')
}

/** The only manifest of a kind. */
export function manifestOf<T extends KubernetesObject>(kind: T['kind']): T {
  const found = manifests().filter((object) => object.kind === kind)
  if (found.length !== 1) throw new Error(`${manifestDirectory} has ${found.length} ${kind}s, expected one`)
  return found[0] as T
}

export interface Deployment extends KubernetesObject {
  readonly kind: 'Deployment'
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: PodSpec
    }
  }
}

export interface PodSpec {
  readonly serviceAccountName: string
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly tolerations: readonly Toleration[]
  readonly containers: readonly Container[]
}

export interface Toleration {
  readonly key: string
  readonly operator: 'Exists' | 'Equal'
  readonly effect?: string
}

export interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly resources: { readonly limits: { readonly memory: string } }
  readonly securityContext: Readonly<Record<string, unknown>>
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly timeoutSeconds: number
  readonly failureThreshold?: number
  readonly terminationGracePeriodSeconds?: number
}

/** The container of the Deployment. */
export function allocatorContainer(): Container {
  const [container] = deployment().spec.template.spec.containers
  if (container === undefined) throw new Error('the Deployment has no container')
  return container
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
}

export interface ComposeService {
  readonly image: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly restart: string
}

export function composeFile(): ComposeFile {
  const file: ComposeFile = parse(textOf('docker-compose.yml'))
  return file
}

export function composeService(name: string): ComposeService {
  const service = composeFile().services[name]
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

/** The shell script of a one-shot service, with `$$` unescaped. */
export function composeScript(name: string): string {
  return (composeService(name).command ?? []).join('\n').replaceAll('$$', '$')
}
