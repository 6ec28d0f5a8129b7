import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild, type Child } from '../../dev/stack/child-process.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { ApiError, withKubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'

const root = join(import.meta.dirname, '..', '..')

/** The parts of a Pod that matter to a process. */
export interface DescribedPod {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly volumes?: readonly DescribedVolume[]
  readonly containers: readonly DescribedContainer[]
}

interface DescribedVolume {
  readonly name: string
  readonly secret?: { readonly secretName: string }
  readonly emptyDir?: object
}

interface DescribedContainer {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly DescribedVariable[]
  readonly envFrom?: readonly {
    readonly secretRef?: { readonly name: string; readonly optional?: boolean }
  }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface DescribedVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } }
}

interface Workload {
  readonly spec: { readonly template: { readonly spec: DescribedPod } }
}

interface Secret {
  readonly data: Readonly<Record<string, string>>
}

/** The Pod of a workload as the API server has it. */
export async function readDescribedPod(
  api: Pick<KubernetesApi, 'send'>,
  workload: {
    readonly namespace: string
    readonly plural: 'deployments' | 'statefulsets'
    readonly name: string
  },
): Promise<DescribedPod> {
  const { namespace, plural, name } = workload
  const path = `/apis/apps/v1/namespaces/${namespace}/${plural}/${name}`
  const { spec } = await api.send<Workload>({ method: 'GET', path })
  return spec.template.spec
}

/** How to run the process of a Pod. */
export interface PodCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** A directory of the process alone. */
  readonly directory: string
}

interface PodOptions {
  readonly name: string
  readonly namespace: string
  readonly pod: DescribedPod
  /** Variables in addition. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the image; the allocator's if absent. */
  readonly entryPoint?: readonly string[]
  /** Directories in place of PersistentVolumeClaims, by the names of the volumes. */
  readonly claimed?: Readonly<Record<string, string>>
  /** Texts in arguments, such as ports, by those in their place. */
  readonly replacements?: Readonly<Record<string, string>>
}

/**
 * Starts the process of a Pod with one container as a kubelet would: see `preparePodProcess`.
 *
 * @throws Error if the Pod needs something that this cannot give
 */
export async function startPodProcess(stack: StackConnection, options: PodOptions): Promise<Child> {
  const { directory, ...prepared } = await preparePodProcess(stack, options)
  return startChild({ name: options.name, ...prepared, cwd: root, logPath: join(directory, 'log') })
}

/**
 * Prepares what a kubelet would give to the process of a Pod with one container: the entry point of the image with the
 * container's arguments, its variables, the files of its Secrets, and the token of its account. Files are elsewhere, as there
 * is no container around it, and the token is in a kubeconfig.
 *
 * @throws Error if the Pod needs something that this cannot give
 */
export async function preparePodProcess(stack: StackConnection, options: PodOptions): Promise<PodCommand> {
  const { name, namespace, pod } = options
  const [container, ...others] = pod.containers
  if (container === undefined || others.length > 0) throw new Error(`${name} has not exactly one container`)
  const directory = join(stack.runDirectory, `${namespace}-${name}`)
  mkdirSync(directory)
  const credentials = await credentialsOf(stack, { namespace, pod, directory })
  return withKubernetesApi(stack, async (api) => {
    const secrets = (secret: string): Promise<Secret> => readSecret(api, namespace, secret)
    const places = await writeMounts(pod.volumes ?? [], container.volumeMounts ?? [], {
      directory,
      secrets,
      claimed: options.claimed ?? {},
    })
    const variables = {
      ...(await readSources(container.envFrom ?? [], secrets)),
      ...(await readVariables(container.env ?? [], secrets)),
    }
    const texts = new Map([
      ...places.map(({ mountPath, path }) => [mountPath, path] as const),
      ...Object.entries(options.replacements ?? {}),
    ])
    const atPlace = (text: string): string => replaceTexts(text, texts)
    const [command = '', ...words] = [
      ...(container.command ?? options.entryPoint ?? entryPoint()),
      ...(container.args ?? []),
    ]
    const settings = Object.entries(variables).map(([key, value]) => [key, atPlace(value)])
    const env = { ...credentials, ...Object.fromEntries(settings), ...options.env }
    return { command, args: words.map(atPlace), env, directory }
  })
}

/** What the image runs: commands of the package, which are on its PATH, by the Node.js that it has. */
function entryPoint(): readonly string[] {
  const [, text = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? []
  const words: readonly string[] = JSON.parse(text)
  const { bin }: { bin: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  return words.flatMap((word) => {
    const main = bin[word]
    return main === undefined ? [word] : [process.execPath, join(root, main)]
  })
}

function readSecret(api: KubernetesApi, namespace: string, name: string): Promise<Secret> {
  return api.send<Secret>({ method: 'GET', path: `/api/v1/namespaces/${namespace}/secrets/${name}` })
}

/** The variable that leads to the token of the Pod's account; none if it has no token. */
async function credentialsOf(
  stack: StackConnection,
  {
    namespace,
    pod,
    directory,
  }: { readonly namespace: string; readonly pod: DescribedPod; readonly directory: string },
): Promise<Readonly<Record<string, string>>> {
  if (pod.automountServiceAccountToken !== true) return {}
  const outputPath = join(directory, 'kubeconfig')
  const { serviceAccountName: name = 'default' } = pod
  await createServiceAccountKubeconfig(stack, { namespace, name, outputPath })
  return { KUBECONFIG: outputPath }
}

async function writeMounts(
  volumes: readonly DescribedVolume[],
  mounts: Required<DescribedContainer>['volumeMounts'],
  {
    directory,
    secrets,
    claimed,
  }: {
    readonly directory: string
    readonly secrets: (name: string) => Promise<Secret>
    readonly claimed: Readonly<Record<string, string>>
  },
): Promise<readonly { readonly mountPath: string; readonly path: string }[]> {
  return Promise.all(
    mounts.map(async ({ name, mountPath }) => {
      const directoryOfClaim = claimed[name]
      if (directoryOfClaim !== undefined) return { mountPath, path: directoryOfClaim }
      const volume = volumes.find((each) => each.name === name)
      const path = join(directory, name)
      mkdirSync(path)
      if (volume?.emptyDir !== undefined) return { mountPath, path }
      if (volume?.secret === undefined) throw new Error(`volume ${name} is neither a Secret nor empty`)
      const { data } = await secrets(volume.secret.secretName)
      for (const [key, value] of Object.entries(data)) {
        writeFileSync(join(path, key), Buffer.from(value, 'base64'), { mode: 0o600 })
      }
      return { mountPath, path }
    }),
  )
}

async function readVariables(
  variables: readonly DescribedVariable[],
  secrets: (name: string) => Promise<Secret>,
): Promise<Readonly<Record<string, string>>> {
  const read = variables.map(async ({ name, value, valueFrom }): Promise<[string, string]> => {
    if (valueFrom === undefined) return [name, value ?? '']
    const reference = valueFrom.secretKeyRef
    if (reference === undefined) throw new Error(`variable ${name} is from no Secret`)
    const text = (await secrets(reference.name)).data[reference.key]
    if (text === undefined) throw new Error(`Secret ${reference.name} has no ${reference.key}`)
    return [name, Buffer.from(text, 'base64').toString('utf8')]
  })
  return Object.fromEntries(await Promise.all(read))
}

/** A Secret that is optional may be missing. */
async function readSources(
  sources: Required<DescribedContainer>['envFrom'],
  secrets: (name: string) => Promise<Secret>,
): Promise<Readonly<Record<string, string>>> {
  const read = sources.map(async ({ secretRef }) => {
    if (secretRef === undefined) throw new Error('variables are from no Secret')
    try {
      return Object.entries((await secrets(secretRef.name)).data)
    } catch (error) {
      const isMissing = error instanceof ApiError && error.status === 404
      if (secretRef.optional === true && isMissing) return []
      throw error
    }
  })
  const texts = (await Promise.all(read)).flat()
  return Object.fromEntries(texts.map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]))
}

/** Replaces each text by the other one, in one pass: what is put in is not replaced again. */
function replaceTexts(text: string, texts: ReadonlyMap<string, string>): string {
  if (texts.size === 0) return text
  const escaped = [...texts.keys()].map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return text.replaceAll(new RegExp(escaped.join('|'), 'g'), (found) => texts.get(found) ?? found)
}
