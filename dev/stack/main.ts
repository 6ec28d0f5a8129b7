import { parseArgs } from 'node:util'

import { print, printError } from '../command.ts'
import { newestClusterApi, parseClusterApiVersion } from './cluster-api-version.ts'
import type { StackConnection } from './connection.ts'
import { messageOf } from './errors.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'
import { parseTemporalStore } from './temporal-store.ts'

try {
  await main()
} catch (error) {
  printError(messageOf(error))
  process.exitCode = 1
}

/**
 * `node dev/stack/main.ts [--without-core] [--whole-clusters] [--cluster-api=<version>] [--temporal-store=<store>]
 * [--temporal-port=<port>] [--temporal-ui-port=<port>]`: starts the stack, prints how to reach it, and stops it at
 * Ctrl-C or SIGTERM, or immediately at a second signal.
 */
async function main(): Promise<void> {
  const options = parseOptions()
  let stack: Stack | undefined
  let isStopping = false
  const onSignal = (): void => {
    // During start and stop, do not wait: the exit handler kills child processes.
    if (stack === undefined || isStopping) process.exit(130)
    isStopping = true
    print('stopping')
    void stack.stop()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  stack = await startStack({ ...options, progress: print })
  print(describe(stack.connection))
}

function parseOptions(): Omit<StackOptions, 'progress'> {
  const { values } = parseArgs({
    options: {
      'without-core': { type: 'boolean', default: false },
      'whole-clusters': { type: 'boolean', default: false },
      'cluster-api': { type: 'string', default: newestClusterApi },
      'temporal-store': { type: 'string', default: 'sqlite' },
      'temporal-port': { type: 'string' },
      'temporal-ui-port': { type: 'string' },
    },
  })
  const temporalPort = parsePort('temporal-port', values['temporal-port'])
  const temporalUiPort = parsePort('temporal-ui-port', values['temporal-ui-port'])
  const temporalStore = parseTemporalStore(values['temporal-store'])
  if (temporalStore !== 'sqlite' && temporalUiPort !== undefined) {
    throw new Error(`--temporal-ui-port=${temporalUiPort} needs --temporal-store=sqlite: no other has a UI`)
  }
  if (values['without-core'] && values['whole-clusters']) {
    throw new Error('--whole-clusters needs Cluster API core, expected no --without-core')
  }
  return {
    clusterApiCore: !values['without-core'],
    wholeClusters: values['whole-clusters'],
    clusterApiVersion: parseClusterApiVersion(values['cluster-api']),
    temporalStore,
    ...(temporalPort === undefined ? {} : { temporalPort }),
    ...(temporalUiPort === undefined ? {} : { temporalUiPort }),
  }
}

function parsePort(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new Error(`--${flag}=${text} is no port, expected a whole number from 1 to 65535`)
}

function describe(connection: StackConnection): string {
  return [
    '',
    `export KUBECONFIG=${connection.kubeconfigPath}`,
    `export TEMPORAL_ADDRESS=${connection.temporal.address}`,
    `kubectl:      ${connection.paths.kubectl}`,
    `temporal:     ${connection.paths.temporal}`,
    `Temporal UI:  ${connection.temporal.uiUrl ?? 'none'}`,
    `API server:   ${connection.apiServerUrl}`,
    `logs:         ${connection.runDirectory}`,
    '',
    'Ctrl-C stops everything.',
  ].join('\n')
}
