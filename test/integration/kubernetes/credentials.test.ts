import { afterEach, describe, expect, it } from '@jest/globals'
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { inspect } from 'node:util'
import { freePort } from '../../../dev/stack/ports.ts'
import { createActivities } from '../../../src/activities/index.ts'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import { startInformer } from '../../../src/kubernetes/informer/informer.ts'
import { connectTo } from '../../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../../src/kubernetes/transport/kube-config.ts'
import type { LogFields } from '../../../src/observability/log.ts'
import type { Log } from '../../../src/observability/log.ts'
import { formatFields, textFormats } from '../../../src/observability/log.ts'
import { variables } from '../../support/builders.ts'
import { plantedSecrets } from '../../support/planted-secrets.ts'
import { accessFailures, refusingProxy, writeKubeconfig } from '../../support/refused-access.ts'
import { createCleanup } from './support.ts'

const cleanup = createCleanup()
afterEach(() => cleanup.run())

/** A log that keeps its lines as both formats have them, and resolves with the first warning. */
function keptLog(): { readonly log: Log; readonly lines: readonly string[]; readonly warned: Promise<void> } {
  const lines: string[] = []
  const warned = Promise.withResolvers<void>()
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      for (const format of ['json', 'pretty'] as const) {
        const toText = textFormats[format]
        lines.push(`${level} ${toText(message)} ${JSON.stringify(formatFields(fields, toText))}`)
      }
      if (level === 'warn') warned.resolve()
    }
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  return { log, lines, warned: warned.promise }
}

describe('what is said of an API server that cannot be used', () => {
  it.each(accessFailures)('holds no credentials where the kubeconfig has %s', async (_, words, access) => {
    const secrets = plantedSecrets()
    const proxy = await refusingProxy()
    cleanup.after(() => proxy.close())
    const kubeconfig = writeKubeconfig(access(secrets, await freePort(), proxy.port))
    const { log, lines, warned } = keptLog()

    // As the program does it: a watch that logs, and a step whose failure Temporal keeps.
    const connection = connectTo({ kubeConfig: loadKubeConfig({ kubeconfig }), version: 'test' })
    const over = new AbortController()
    cleanup.after(() => {
      over.abort()
      return connection.close()
    })
    const handler = { onUpsert: () => {}, onDelete: () => {} }
    startInformer({
      ...{ connection, namespaces: ['clusters'], signal: over.signal, log, handler },
      resource: 'ipaddressclaims',
    })
    const { selectIPPool } = createActivities({
      probePort: async () => undefined,
      managementClusterUid: async () => undefined,
      api: createLiveClusterApi(connection),
      settings: { defaultPort: 6443, variables, searchable: [] },
      observer: { observeStep: () => {}, countReport: () => {} },
      signalWorkflow: async () => {},
    })
    const environment = new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR') })
    const step = {
      cluster: { namespace: 'clusters', name: 'demo' },
      role: 'control-plane',
      uid: 'uid',
    } as const
    const failed: unknown = await environment.run(selectIPPool, step).then(
      (value) => value,
      (error: unknown) => error,
    )
    await warned

    const history = defaultFailureConverter.errorToFailure(failed, defaultPayloadConverter)
    expect(['KubernetesUnavailable', 'AllocationFailed']).toContain(history.applicationFailureInfo?.type)
    const said = [...lines, inspect(failed, { depth: 10 }), JSON.stringify(history)].join('\n')
    expect(said).toMatch(words)
    expect(secrets.leaksIn(said)).toEqual([])
  })
})
