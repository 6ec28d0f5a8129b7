import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../stack/run-command.ts'

const root = join(import.meta.dirname, '..', '..')

export const chartDirectory = join(root, 'deploy', 'chart', 'capi-vip-allocator')

/** Files with values for common installations, each to be tried. */
export const valuesFiles: readonly string[] = readdirSync(join(chartDirectory, 'ci'))
  .filter((file) => file.endsWith('-values.yaml'))
  .map((file) => join(chartDirectory, 'ci', file))

/** Keeps the settings, plugins and repositories of the user out. */
const home = join(tmpdir(), 'capi-vip-allocator-helm')
export const isolatedHelm = {
  HELM_NO_PLUGINS: '1',
  HELM_CACHE_HOME: join(home, 'cache'),
  HELM_CONFIG_HOME: join(home, 'config'),
  HELM_DATA_HOME: join(home, 'data'),
}

/**
 * Runs helm, and resolves with what it prints.
 *
 * @throws CommandError with the end of its output if it fails
 */
export function runHelm(
  helm: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return runCommand({ command: helm, args, cwd: root, env: { ...isolatedHelm, ...env } })
}

/** What a chart is rendered with. */
export interface Rendering {
  readonly release?: string
  readonly namespace?: string
  readonly valuesFile?: string
  /** Values by their names at the top level. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Leaves out the Pod of `helm test`. */
  readonly skipTests?: boolean
}

/** Renders the chart, as `helm install` would. */
export function renderChart(helm: string, rendering: Rendering): Promise<string> {
  const { release = 'capi-vip-allocator', namespace = allocatorNamespace, valuesFile } = rendering
  return runHelm(helm, [
    'template',
    release,
    chartDirectory,
    `--namespace=${namespace}`,
    ...(valuesFile === undefined ? [] : [`--values=${valuesFile}`]),
    ...settings(rendering.values ?? {}),
    ...(rendering.skipTests === true ? ['--skip-tests'] : []),
  ])
}

/** Values as arguments of helm. */
export function settings(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`)
}

/** The namespace in all instructions. */
export const allocatorNamespace = 'capi-vip-allocator-system'
