import type { Allocator } from '../../dev/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { valueOf } from '../support/metrics-page.ts'

type Labels = Readonly<Record<string, string>>

/** Reads the metrics page of an allocator. Names are without the prefix of the product's series. */
export interface Scrape {
  page(): Promise<string>
  /** The current value; 0 if the series is missing, like a PromQL sum over no series. */
  value(name: string, labels?: Labels): Promise<number>
  /** Scrapes until the value matches. Resolves with it. */
  until(name: string, labels: Labels, is: (value: number) => boolean): Promise<number>
  /** Scrapes until the series has this value, or is missing if undefined. */
  untilIs(name: string, labels: Labels, value: number | undefined): Promise<void>
}

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
