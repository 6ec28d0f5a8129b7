import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrayOf, objectOf, stringMapOf } from '../../src/domain/model/decode.ts'
import { startChild, waitUntilReady, type Child } from '../stack/child-process.ts'
import { freePort } from '../stack/ports.ts'
import { answersOk } from '../stack/readiness.ts'

export interface PrometheusOptions {
  readonly program: string
  /** Directory for configuration, data and log. */
  readonly directory: string
  /** URLs to scrape. */
  readonly targets: readonly URL[]
  readonly scrapeIntervalSeconds: number
  /** Rule files, evaluated at every scrape interval. */
  readonly ruleFiles?: readonly string[]
}

export interface Prometheus extends Child {
  readonly url: string
  /**
   * Sends a request to the HTTP API.
   *
   * @param path below /api/v1, such as `query`
   * @returns the `data` of the response
   * @throws Error with the server's message if it rejects the request
   */
  ask(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>
}

/** A series: values by time in seconds since the epoch. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly (readonly [number, number])[]
}

/**
 * Starts a Prometheus server on a free port.
 *
 * @throws Error with the end of its log if it does not become ready
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

/** The values of all series that a query selects in a time range. */
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
