import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from '../../dev/build.ts'
import { coreProgramOf } from '../../dev/stack/cluster-api-version.ts'
import { clusterProviders } from '../../dev/stack/cluster-providers.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { ensurePrograms } from '../../dev/stack/programs.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { allocatorAccount, allocatorManifests } from '../../dev/allocator.ts'
import { prometheusOperatorCrds } from './module-crds.ts'
import { realPartsVariable, type RealParts } from './real-parts.ts'

declare global {
  // For the global tear-down, in the same process.
  var capiVipAllocatorTestStack: Stack | undefined
}

/**
 * How far the heap of a Go program grows between two garbage collections, in percent. At Go's 100, they are a fourth of the
 * API server's work, at 400 a twelfth.
 */
const goHeapGrowth = '400'
/** Beyond this, a Go program collects more often, whatever `goHeapGrowth` says. The API server has some 300 MB in use. */
const goMemoryLimit = '1536MiB'

/** Builds the program, and starts the stack that all suites of this run share. */
export default async function startRealParts(): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  const programs = await ensurePrograms(
    [
      'tctl',
      'clusterctl',
      'temporal-test-server',
      'prometheus',
      'promtool',
      'helm',
      'helm-unittest',
      'helm-docs',
      'kubeconform',
      'kustomize',
      'actionlint',
      // For suites with their own stack: the build would exceed the time limit of a test.
      coreProgramOf('1.13'),
      ...clusterProviders,
      'cluster-api-operator',
    ],
    progress,
  )
  process.env['GOGC'] ??= goHeapGrowth
  process.env['GOMEMLIMIT'] ??= goMemoryLimit
  await build()
  const stack = await startStack({ clusterApiCore: true, progress })
  globalThis.capiVipAllocatorTestStack = stack
  const { connection } = stack
  const allocatorKubeconfig = join(connection.runDirectory, 'allocator.kubeconfig')
  await applyManifests(connection, [...(await prometheusOperatorCrds()), ...allocatorManifests])
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath: allocatorKubeconfig })
  const parts: RealParts = {
    stack: connection,
    allocatorKubeconfig,
    ipamProviderPid: stack.part('ipam-provider').pid() ?? 0,
    tctl: programs.tctl.path,
    clusterctl: programs.clusterctl.path,
    prometheus: programs.prometheus.path,
    promtool: programs.promtool.path,
    helm: programs.helm.path,
    helmUnittest: programs['helm-unittest'].path,
    helmDocs: programs['helm-docs'].path,
    kubeconform: programs.kubeconform.path,
    kustomize: programs.kustomize.path,
    actionlint: programs.actionlint.path,
    temporalTestServer: programs['temporal-test-server'].path,
  }
  const path = join(connection.runDirectory, 'test-parts.json')
  await writeFile(path, JSON.stringify(parts))
  process.env[realPartsVariable] = path
  // The suites start the program hundreds of times.
  process.env['NODE_COMPILE_CACHE'] = join(connection.runDirectory, 'compile-cache')
}
