const temporalStores = ['sqlite', 'postgresql'] as const

/**
 * Temporal's data store. `sqlite`: the development server of the `temporal` CLI, which has a UI. `postgresql`: the
 * server that people deploy, set up as in docker-compose.yml, without a UI.
 */
export type TemporalStore = (typeof temporalStores)[number]

/**
 * Parses the flag `--temporal-store`.
 *
 * @throws Error that names the flag, the value and the stores available
 */
export function parseTemporalStore(text: string): TemporalStore {
  const store = temporalStores.find((name) => name === text)
  if (store !== undefined) return store
  throw new Error(`--temporal-store=${text} is no store, expected ${temporalStores.join(' or ')}`)
}
