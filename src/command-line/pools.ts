import { managementClusterFlags, userCommand } from './command.ts'

/** Shows the pools, and a forecast of who gets an address. */
export const poolsCommand = userCommand({
  name: 'pools',
  summary: 'show what every pool has, who waits for it, and who will get an address',
  flags: [...managementClusterFlags, 'control-plane-variable', 'ingress-variable'],
  examples: [
    { line: 'pools', meaning: 'all pools, and a forecast' },
    { line: 'pools --namespace=clusters', meaning: 'the pools of a namespace, and the global ones' },
  ],
  read: () => ({}),
  load: async () => (await import('../commands/pools/pools.ts')).runPools,
})
