import { parseArgs } from 'node:util'
import { type Goal, goals } from './scenario.ts'

export const usage = `usage: npm run demo -- [flags]
  --until available   make a whole cluster, and go on until it is Available through its VIP
  --once              end by itself once the VIP, or the cluster, is there
  --output json       print one JSON object at the end, and everything else on standard error
  --in-cluster        run the allocator as Pods of a real kubelet, installed by Helm: Linux, root
  --image FILE        with --in-cluster: archive of the image, as npm run image -- --save FILE writes it; default: build it
  --measure           with --in-cluster: rollout, SIGTERM, a stuck process, eviction, memory; takes about two minutes more`

export interface DemoOptions {
  readonly until: Goal
  readonly once: boolean
  readonly json: boolean
  /** Undefined: the allocator is a process of this machine. */
  readonly inCluster: InClusterOptions | undefined
}

export interface InClusterOptions {
  /** Archive of the image; undefined: it is built. */
  readonly image: string | undefined
  readonly measure: boolean
}

const flags = {
  until: { type: 'string', default: 'vip' },
  once: { type: 'boolean', default: false },
  output: { type: 'string', default: 'text' },
  'in-cluster': { type: 'boolean', default: false },
  image: { type: 'string' },
  measure: { type: 'boolean', default: false },
} as const

/** @throws Error for flags that do not exist, or whose values cannot be used */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({ args: [...args], options: flags })
  const { once, output, image, measure } = values
  if (output !== 'text' && output !== 'json') {
    throw new Error(`--output is "${output}", expected text or json`)
  }
  const until = goals.find((goal) => goal === values.until)
  if (until === undefined) throw new Error(`--until is "${values.until}", expected ${goals.join(' or ')}`)
  const shared = { until, once, json: output === 'json' }
  if (values['in-cluster']) {
    if (until !== 'vip') throw new Error(`--until is "${until}", expected vip beside --in-cluster`)
    return { ...shared, inCluster: { image, measure } }
  }
  if (image !== undefined) throw new Error(`--image is "${image}", expected --in-cluster beside it`)
  if (measure) throw new Error('--measure is set, expected --in-cluster beside it')
  return { ...shared, inCluster: undefined }
}
