import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf } from '../stack/errors.ts'
import { timed, type Progress } from '../stack/progress.ts'
import { findBuilder, type Builder, type BuilderName, type Run } from './builders.ts'
import type { ImageOptions } from './options.ts'
import { ensureStandIn, standInName } from './stand-in.ts'

const root = join(import.meta.dirname, '..', '..')

/** What was built. */
export interface ImageReport {
  readonly image: string
  readonly id: string
  readonly bytes: number
  readonly builder: BuilderName
  /** The image it was built on. */
  readonly base: string
  /** Whether that is not the one of the Dockerfile, but made here. Such an image is for tests. */
  readonly standIn: boolean
  readonly seconds: number
  readonly saved?: string
}

/** The image to build on that the Dockerfile names. @throws Error if it names none */
export function baseIn(dockerfile: string): string {
  const [, base] = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile) ?? []
  if (base === undefined) throw new Error('the Dockerfile has no line ARG NODE_IMAGE=…')
  return base
}

/**
 * Builds the image.
 *
 * @throws Error if there is no builder, no base, or the build fails
 */
export async function buildImage(options: ImageOptions, progress: Progress, run: Run): Promise<ImageReport> {
  const begun = performance.now()
  const secrets = secretsOf(options)
  const builder = await findBuilder(options.builder, run)
  progress(`builder: ${builder.name}`)
  const { base, standIn } = await ensureBase(builder, options, progress, run)
  const image = options.tag
  const words = { during: `image: building ${image}`, after: `image: ${image} is built` }
  await timed(progress, words, () => builder.build({ context: root, image, base, secrets }))
  if (options.save !== undefined) await builder.save(image, resolve(options.save))
  const seconds = Math.round((performance.now() - begun) / 1000)
  const built = await builder.inspect(image)
  const saved = options.save === undefined ? {} : { saved: resolve(options.save) }
  return { image, ...built, builder: builder.name, base, standIn, seconds, ...saved }
}

function secretsOf({ npmrc, ca }: ImageOptions): Readonly<Record<string, string>> {
  const named = Object.entries({ npmrc, ca }).flatMap(([id, file]) =>
    file === undefined ? [] : [[id, file] as const],
  )
  for (const [id, file] of named) {
    if (!existsSync(file)) throw new Error(`--${id} is "${file}", expected a file`)
  }
  return Object.fromEntries(named.map(([id, file]) => [id, resolve(file)]))
}

interface Base {
  readonly base: string
  readonly standIn: boolean
}

async function ensureBase(
  builder: Builder,
  options: ImageOptions,
  progress: Progress,
  run: Run,
): Promise<Base> {
  const base = options.base ?? baseIn(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  if (options.standIn) return standInFor(builder, 'asked for', progress, run)
  if (await builder.has(base)) {
    progress(`base: ${base} is there`)
    return { base, standIn: false }
  }
  try {
    const words = { during: `base: pulling ${base}`, after: `base: ${base} is pulled` }
    await timed(progress, words, () => builder.pull(base))
    return { base, standIn: false }
  } catch (error) {
    if (options.base !== undefined) throw error
    return standInFor(builder, `${base} cannot be pulled: ${messageOf(error)}`, progress, run)
  }
}

async function standInFor(builder: Builder, why: string, progress: Progress, run: Run): Promise<Base> {
  const base = standInName(process.versions.node)
  progress(`base: a stand-in from Debian's packages, for tests and not for publication (${why})`)
  const words = { during: `base: making ${base}`, after: `base: ${base} is there` }
  await timed(progress, words, () => ensureStandIn(builder, base, run))
  return { base, standIn: true }
}
