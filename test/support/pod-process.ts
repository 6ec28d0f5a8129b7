import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild, type Child } from '../../dev/stack/child-process.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'

const root = join(import.meta.dirname, '..', '..')

/** The parts of a Pod that matter to a process. */
export interface DescribedPod {
  readonly serviceAccountName: string
  readonly automountServiceAccountToken?: boolean
  readonly volumes?: readonly DescribedVolume[]
  readonly containers: readonly DescribedContainer[]
}

interface DescribedVolume {
  readonly name: string
  readonly secret?: { readonly secretName: string }
}

interface DescribedContainer {
  readonly name: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly DescribedVariable[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface DescribedVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } }
}

interface Secret {
  readonly data: Readonly<Record<string, string>>
}

/**
 * Starts the process of a Pod with one container as a kubelet would: the entry point of the image with the container's
 * arguments, its variables, the files of its Secrets, and the token of its account. Files are elsewhere, as there is no
 * container around it, and the token is in a kubeconfig.
 *
 * @param env variables in addition
 * @throws Error if the Pod needs something that this cannot give
 */
export async function startPodProcess(
  stack: StackConnection,
  options: {
    readonly name: string
    readonly namespace: string
    readonly pod: DescribedPod
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<Child> {
  const { name, namespace, pod } = options
  const [container, ...others] = pod.containers
  if (container === undefined || others.length > 0) throw new Error(`${name} has not exactly one container`)
  if (pod.automountServiceAccountToken !== true) throw new Error(`${name} has no token`)
  const directory = join(stack.runDirectory, `${namespace}-${name}`)
  mkdirSync(directory)
  const kubeconfig = join(directory, 'kubeconfig')
  await createServiceAccountKubeconfig(stack, {
    namespace,
    name: pod.serviceAccountName,
    outputPath: kubeconfig,
  })
  const api = kubernetesApi(stack)
  try {
    const secrets = (secret: string): Promise<Secret> => readSecret(api, namespace, secret)
    const places = await writeMounts(pod.volumes ?? [], container.volumeMounts ?? [], directory, secrets)
    const variables = await readVariables(container.env ?? [], secrets)
    const atPlace = (text: string): string =>
      places.reduce((moved, { mountPath, path }) => moved.replaceAll(mountPath, path), text)
    const [command = '', ...words] = [...(container.command ?? entryPoint()), ...(container.args ?? [])]
    return await startChild({
      name,
      // The Node.js of the image.
      command: command === 'node' ? process.execPath : command,
      args: words.map(atPlace),
      cwd: root,
      env: {
        KUBECONFIG: kubeconfig,
        ...Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, atPlace(value)])),
        ...options.env,
      },
      logPath: join(directory, 'log'),
    })
  } finally {
    await api.close()
  }
}

/** What the image runs, in its working directory, which has the built program as this repository has it. */
function entryPoint(): readonly string[] {
  const [, words = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? []
  return JSON.parse(words) as string[]
}

function readSecret(api: KubernetesApi, namespace: string, name: string): Promise<Secret> {
  return api.send<Secret>({ method: 'GET', path: `/api/v1/namespaces/${namespace}/secrets/${name}` })
}

async function writeMounts(
  volumes: readonly DescribedVolume[],
  mounts: Required<DescribedContainer>['volumeMounts'],
  directory: string,
  secrets: (name: string) => Promise<Secret>,
): Promise<readonly { readonly mountPath: string; readonly path: string }[]> {
  return Promise.all(
    mounts.map(async ({ name, mountPath }) => {
      const secret = volumes.find((volume) => volume.name === name)?.secret
      if (secret === undefined) throw new Error(`volume ${name} is no Secret`)
      const path = join(directory, name)
      mkdirSync(path)
      const { data } = await secrets(secret.secretName)
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
