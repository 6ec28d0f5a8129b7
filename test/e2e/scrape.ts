import type { Allocator } from '../../dev/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { valueOf } from '../support/metrics-page.ts'

type Labels = Readonly<Record<string, string>>

/** What Prometheus gets to see of an allocator. Names are without the prefix of the product's own series. */
export interface Scrape {
  page(): Promise<string>
  /** The value now; 0 where there is none, as the sum over no series is nothing. */
  value(name: string, labels?: Labels): Promise<number>
  /** Resolves with the value once it is as asked: nothing tells that it has changed but another scrape. */
  until(name: string, labels: Labels, is: (value: number) => boolean): Promise<number>
  /** Resolves once the value is this one; undefined: once there is none. */
  untilIs(name: string, labels: Labels, value: number | undefined): Promise<void>
}

/** Scrapes the allocator's page. */
export function scrapeOf({ metricsUrl }: Pick<Allocator, 'metricsUrl'>): Scrape {
  const page = async (): Promise<string> => (await fetch(metricsUrl)).text()
  const read = async (name: string, labels: Labels): Promise<number | undefined> =>
    valueOf(await page(), `capi_vip_allocator_${name}`, labels)
  return {
    page,
    value: async (name, labels = {}) => (await read(name, labels)) ?? 0,
    until: (name, labels, is) =>
      eventually(`${name}${JSON.stringify(labels)} to be as asked`, async () => {
        const value = await read(name, labels)
        return value !== undefined && is(value) ? value : undefined
      }),
    untilIs: async (name, labels, value) => {
      await eventually(`${name}${JSON.stringify(labels)} to be ${value}`, async () =>
        (await read(name, labels)) === value ? true : undefined,
      )
    },
  }
}
