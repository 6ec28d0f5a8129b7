import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrayOf, objectOf, stringMapOf } from '../../src/domain/model/decode.ts'
import { startChild, waitUntilReady, type Child } from '../stack/child-process.ts'
import { freePort } from '../stack/ports.ts'
import { answersOk } from '../stack/readiness.ts'

export interface PrometheusOptions {
  /** Path of the executable file. */
  readonly program: string
  /** Directory for its configuration, data and log. */
  readonly directory: string
  /** Pages to scrape. */
  readonly targets: readonly URL[]
  readonly scrapeIntervalSeconds: number
  /** Files with rules, which are evaluated as often as is scraped. */
  readonly ruleFiles?: readonly string[]
}

/** A running Prometheus server. */
export interface Prometheus extends Child {
  readonly url: string
  /**
   * Asks its HTTP API.
   *
   * @param path below /api/v1, such as `query`
   * @returns the `data` of the answer
   * @throws Error with the server's words where it refuses
   */
  ask(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>
}

/** Values of one series over time: seconds since the epoch, and the value. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly (readonly [number, number])[]
}

/**
 * Starts a Prometheus server on a port of its own; it reads nothing but what is said here.
 *
 * @throws Error with the end of its log where it does not become ready
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort()
  const configPath = join(options.directory, 'prometheus.yaml')
  writeFileSync(configPath, JSON.stringify(configurationFor(options)))
  const child = await startChild({
    name: 'prometheus',
    command: options.program,
    args: [
      `--config.file=${configPath}`,
      `--storage.tsdb.path=${join(options.directory, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    logPath: join(options.directory, 'prometheus.log'),
  })
  const url = `http://127.0.0.1:${port}`
  await waitUntilReady(child, () => answersOk(`${url}/-/ready`), 60_000)
  return { ...child, url, ask: (path, parameters) => ask(url, path, parameters) }
}

/** The values of all series of a query in a range of time. */
export async function queryRange(
  prometheus: Prometheus,
  query: string,
  range: { readonly from: Date; readonly to: Date; readonly stepSeconds: number },
): Promise<readonly Series[]> {
  const data = await prometheus.ask('query_range', {
    query,
    start: range.from.toISOString(),
    end: range.to.toISOString(),
    step: String(range.stepSeconds),
  })
  return arrayOf(objectOf(data)['result']).map((each) => ({
    labels: stringMapOf(objectOf(each)['metric']),
    points: arrayOf(objectOf(each)['values']).map((pair) => {
      const [at, value] = arrayOf(pair)
      return [Number(at), Number(value)] as const
    }),
  }))
}

/** JSON, which is YAML as well. */
function configurationFor({ targets, scrapeIntervalSeconds, ruleFiles = [] }: PrometheusOptions): object {
  const interval = `${scrapeIntervalSeconds}s`
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'capi-vip-allocator',
        honor_labels: true,
        static_configs: [{ targets: targets.map(({ host }) => host) }],
      },
    ],
  }
}

async function ask(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
  const answer = objectOf(await response.json())
  if (answer['status'] !== 'success') {
    throw new Error(`Prometheus refuses ${path}: ${String(answer['error'])}`)
  }
  return answer['data']
}
