import { join } from 'node:path'
import { allocatorNamespace, chartDirectory, runHelm, settings } from '../../chart/helm.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { messageOf } from '../../stack/errors.ts'
import { applyManifests } from '../../stack/manifests.ts'
import { runCommand } from '../../stack/run-command.ts'
import { type Progress, timed } from '../../stack/progress.ts'

export const release = 'capi-vip-allocator'
/** In which PodSecurity enforces `restricted`. */
const namespaceManifest = join(import.meta.dirname, '../../../deploy/manifests/namespace.yaml')

/** The values for this cluster, which has no DNS: everything else is the chart's default. */
export function valuesFor(temporalAddress: string): Readonly<Record<string, unknown>> {
  return { 'temporal.address': temporalAddress, dnsPolicy: 'Default' }
}

/**
 * Installs the chart, waits until its Pods are ready, and has `helm test` run `doctor` in a Pod.
 *
 * @throws Error with the Pods and their events if they do not become ready
 */
export async function installByHelm(helm: string, stack: StackConnection, progress: Progress): Promise<void> {
  const env = { KUBECONFIG: stack.kubeconfigPath }
  const place = `--namespace=${allocatorNamespace}`
  await applyManifests(stack, [{ path: namespaceManifest }])
  try {
    const words = { during: 'helm install: waiting for the Pods', after: 'helm install: the Pods are ready' }
    const values = settings(valuesFor(stack.temporal.address))
    await timed(progress, words, () =>
      runHelm(helm, ['install', release, chartDirectory, place, ...values, '--wait', '--timeout=3m'], env),
    )
    const test = { during: 'helm test: doctor runs', after: 'helm test: doctor in a Pod finds no fault' }
    await timed(progress, test, () => runHelm(helm, ['test', release, place, '--logs', '--timeout=2m'], env))
  } catch (cause) {
    throw new Error(`${messageOf(cause)}\n${await describePods(stack)}`, { cause })
  }
}

/** Changes values of the release, and waits until its Pods are as they say. Values that are not named are those of the installation. */
export async function upgradeByHelm(
  helm: string,
  stack: StackConnection,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  const all = settings({ ...valuesFor(stack.temporal.address), ...values })
  const args = ['upgrade', release, chartDirectory, `--namespace=${allocatorNamespace}`, ...all]
  await runHelm(helm, [...args, '--wait', '--timeout=4m'], { KUBECONFIG: stack.kubeconfigPath })
}

/** What an operator would look at. */
async function describePods(stack: StackConnection): Promise<string> {
  const kubectl = (...args: readonly string[]): Promise<string> =>
    runCommand({
      command: stack.paths.kubectl,
      args: [`--kubeconfig=${stack.kubeconfigPath}`, `--namespace=${allocatorNamespace}`, ...args],
      cwd: '/',
    }).catch(messageOf)
  return [
    await kubectl('describe', 'pods'),
    await kubectl('logs', '--tail=20', `--selector=app.kubernetes.io/instance=${release}`),
  ].join('\n')
}
