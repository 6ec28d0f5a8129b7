import { parseArgs } from 'node:util'
import { builderNames, type BuilderName } from './builders.ts'

export const usage = `usage: npm run image -- [flags]
  --tag NAME        name of the image; default: the one of deploy/manifests
  --builder NAME    ${builderNames.join(', ')}; default: the first of them that works
  --base IMAGE      image with Node.js 24 and npm to build on, such as a mirror of the official one
  --stand-in        build on Debian's packages with the Node.js and npm of this machine, without a registry of images
  --npmrc FILE      npm's settings for the build, such as a mirror of its registry; no image holds them
  --ca FILE         certificate authorities of that mirror; default: those of NODE_EXTRA_CA_CERTS
  --save FILE       also write the image into an archive, for kind, ctr or another machine
  --output json     print one JSON object at the end, and everything else on standard error`

export interface ImageOptions {
  readonly tag: string
  readonly builder: BuilderName | undefined
  /** Undefined: the one of the Dockerfile, or the stand-in where that cannot be pulled. */
  readonly base: string | undefined
  readonly standIn: boolean
  readonly npmrc: string | undefined
  readonly ca: string | undefined
  readonly save: string | undefined
  readonly json: boolean
}

const flags = {
  tag: { type: 'string' },
  builder: { type: 'string' },
  base: { type: 'string' },
  'stand-in': { type: 'boolean', default: false },
  npmrc: { type: 'string' },
  ca: { type: 'string' },
  save: { type: 'string' },
  output: { type: 'string', default: 'text' },
} as const

/** @throws Error for flags that do not exist, or whose values cannot be used */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaultTag: string,
): ImageOptions {
  const { values } = parseArgs({ args: [...args], options: flags })
  const { output, base } = values
  if (output !== 'text' && output !== 'json')
    throw new Error(`--output is "${output}", expected text or json`)
  if (base !== undefined && values['stand-in']) {
    throw new Error(`--base is "${base}" and --stand-in is set, expected one of them`)
  }
  return {
    tag: values.tag ?? defaultTag,
    builder: parseBuilder(values.builder),
    base,
    standIn: values['stand-in'],
    npmrc: values.npmrc,
    ca: values.ca ?? (env['NODE_EXTRA_CA_CERTS'] || undefined),
    save: values.save,
    json: output === 'json',
  }
}

function parseBuilder(text: string | undefined): BuilderName | undefined {
  const found = builderNames.find((name) => name === text)
  if (text !== undefined && found === undefined) {
    throw new Error(`--builder is "${text}", expected ${builderNames.join(', ')}`)
  }
  return found
}
