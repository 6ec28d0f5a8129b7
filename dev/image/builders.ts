import { messageOf } from '../stack/errors.ts'

/** Programs that build an image, in the order in which they are tried. */
export const builderNames = ['docker', 'podman', 'buildah'] as const
export type BuilderName = (typeof builderNames)[number]

/** Runs a program to its end. @throws Error with the end of its output if it is missing or fails */
export type Run = (command: string, args: readonly string[]) => Promise<string>

/** What is built, and from what. */
export interface BuildOrder {
  readonly context: string
  readonly image: string
  /** The image with Node.js to build on. */
  readonly base: string
  /** Files that a build may read, and that no image holds. */
  readonly secrets: Readonly<Record<string, string>>
}

export interface BuiltImage {
  readonly id: string
  /** Of all layers, not compressed. */
  readonly bytes: number
}

export interface Builder {
  readonly name: BuilderName
  has(image: string): Promise<boolean>
  pull(image: string): Promise<void>
  /** Makes an image of one layer from an archive of a root file system. */
  importArchive(archive: string, image: string): Promise<void>
  build(order: BuildOrder): Promise<void>
  inspect(image: string): Promise<BuiltImage>
  /** Writes an image into an archive that `docker load`, `podman load`, `ctr images import` and `kind load` read. */
  save(image: string, file: string): Promise<void>
}

/** Succeeds only where the program can build: that of Docker needs its daemon. */
const probes: Readonly<Record<BuilderName, readonly string[]>> = {
  docker: ['version', '--format', '{{.Server.Version}}'],
  podman: ['info', '--format', '{{.Version.Version}}'],
  buildah: ['info'],
}

/**
 * Finds a program to build with.
 *
 * @param wanted undefined: the first that works
 * @throws Error that says of each one why it does not work
 */
export async function findBuilder(wanted: BuilderName | undefined, run: Run): Promise<Builder> {
  const reasons: string[] = []
  for (const name of wanted === undefined ? builderNames : [wanted]) {
    try {
      await run(name, probes[name])
      return builderOf(name, run)
    } catch (error) {
      reasons.push(`${name}: ${messageOf(error)}`)
    }
  }
  throw new Error(
    `nothing builds an image here; install docker, podman or buildah (apt-get install buildah):\n${reasons.join('\n')}`,
  )
}

/** The builder of a name, whether it works or not. */
export function builderOf(name: BuilderName, run: Run): Builder {
  const call = async (...args: readonly string[]): Promise<string> => run(name, args)
  return {
    name,
    async has(image) {
      try {
        await call(...inspection(name), image)
        return true
      } catch {
        return false
      }
    },
    pull: async (image) => void (await call('pull', image)),
    importArchive: (archive, image) => importArchive(name, run, archive, image),
    build: async (order) => void (await call(...buildArguments(name, order))),
    inspect: async (image) => builtImageIn(await call(...inspection(name), image)),
    async save(image, file) {
      if (name === 'docker') await call('save', '--output', file, image)
      if (name === 'podman') await call('save', '--format', 'docker-archive', '--output', file, image)
      if (name === 'buildah') await call('push', image, `docker-archive:${file}:${image}`)
    },
  }
}

async function importArchive(name: BuilderName, run: Run, archive: string, image: string): Promise<void> {
  if (name !== 'buildah') {
    await run(name, ['import', '--change', `ENV PATH=${systemPath}`, archive, image])
    return
  }
  const container = (await run(name, ['from', 'scratch'])).trim()
  await run(name, ['add', '--quiet', container, archive, '/'])
  await run(name, ['config', '--env', `PATH=${systemPath}`, container])
  await run(name, ['commit', '--quiet', '--rm', container, image])
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

function inspection(name: BuilderName): readonly string[] {
  return name === 'buildah' ? ['inspect', '--type', 'image'] : ['image', 'inspect']
}

function buildArguments(name: BuilderName, { context, image, base, secrets }: BuildOrder): readonly string[] {
  return [
    'build',
    // Needs no runtime and no cgroups, so it also works in a container. What runs is this repository's own.
    ...(name === 'docker' ? [] : ['--isolation=chroot', '--format=docker', '--layers']),
    `--build-arg=NODE_IMAGE=${base}`,
    ...Object.entries(secrets).map(([id, file]) => `--secret=id=${id},src=${file}`),
    `--tag=${image}`,
    context,
  ]
}

/** What `docker image inspect`, `podman image inspect` or `buildah inspect` prints. */
export function builtImageIn(text: string): BuiltImage {
  const parsed: Inspected | readonly Inspected[] = JSON.parse(text)
  const all: readonly Inspected[] = Array.isArray(parsed) ? parsed : [parsed]
  const [first] = all
  if (first?.Id !== undefined && first.Size !== undefined) return { id: first.Id, bytes: first.Size }
  if (first?.FromImageID === undefined || first.Manifest === undefined) {
    throw new Error(
      `the image has neither Id and Size nor FromImageID and Manifest: ${Object.keys(first ?? {}).join()}`,
    )
  }
  const { layers }: { readonly layers: readonly { readonly size: number }[] } = JSON.parse(first.Manifest)
  return { id: first.FromImageID, bytes: layers.reduce((sum, { size }) => sum + size, 0) }
}

interface Inspected {
  /** Of Docker and Podman. */
  readonly Id?: string
  readonly Size?: number
  /** Of Buildah. */
  readonly FromImageID?: string
  readonly Manifest?: string
}
