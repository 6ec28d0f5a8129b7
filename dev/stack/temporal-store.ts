const temporalStores = ['sqlite', 'postgresql'] as const

/**
 * Where Temporal keeps its data. `sqlite`: the development server of the `temporal` CLI, which has a UI. `postgresql`: the
 * server that is deployed, as docker-compose.yml sets it up, without a UI.
 */
export type TemporalStore = (typeof temporalStores)[number]

/**
 * The store that the value of a flag `--temporal-store` names.
 *
 * @throws Error that names the flag, the value and the stores there are
 */
export function parseTemporalStore(text: string): TemporalStore {
  const store = temporalStores.find((name) => name === text)
  if (store !== undefined) return store
  throw new Error(`--temporal-store=${text} is no store, expected ${temporalStores.join(' or ')}`)
}
