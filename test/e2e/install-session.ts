import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isolatedHelm } from '../../dev/chart/helm.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { fillPlaceholders, firstMissingLine, type PlaceholderValues } from '../support/expected-text.ts'
import { preparePodProcess, readDescribedPod } from '../support/pod-process.ts'
import { realParts } from '../support/real-parts.ts'
import { sectionUnder } from '../support/runbook.ts'
import { blocksToRun } from '../support/unrun-blocks.ts'
import { createShell, type Outcome } from './shell.ts'

const root = join(import.meta.dirname, '..', '..')
const page = 'docs/install.md'

/** Follows docs/install.md in a copy of the repository. */
export interface InstallSession {
  /** Where commands run. */
  readonly directory: string
  /** `~` */
  readonly home: string
  readonly run: (command: string) => Promise<Outcome>
}

/**
 * Opens a session with all permissions on the stack.
 *
 * @param options.inPods variables of all Pods, in addition: the names of Services lead nowhere here
 * @param options.release the files in dist/release, by name
 * @param options.scripts programs as shell scripts, by name
 */
export function openInstallSession(
  stack: StackConnection,
  options: {
    readonly inPods: Readonly<Record<string, string>>
    readonly release: ReadonlyMap<string, Buffer | string>
    readonly scripts?: Readonly<Record<string, string>>
  },
): InstallSession {
  const directory = join(stack.runDirectory, 'clone')
  const home = join(stack.runDirectory, 'home')
  mkdirSync(home)
  makeClone(directory, options.release)
  const { helm } = realParts()
  const env = { ...isolatedHelm, HOME: home }
  const { inPods, scripts = {} } = options
  const shell = createShell(stack, { directory, programs: [helm], scripts, env })
  return {
    directory,
    home,
    run: async (command) => {
      const [, namespace, deployment, inPod] =
        /^kubectl --namespace (\S+) exec deployment\/(\S+) -- (.+)$/.exec(command) ?? []
      if (namespace === undefined || deployment === undefined || inPod === undefined) return shell(command)
      return shell(inPod, await variablesOf(stack, { namespace, name: deployment, env: inPods }))
    },
  }
}

/**
 * Runs every command that the page shows under a heading, in order. Each has to succeed, and to print what is shown.
 *
 * @param options.values of the page's placeholders
 * @param options.instead texts of the page, by those in their place
 */
export async function expectSteps(
  { run }: InstallSession,
  heading: string,
  options: { readonly values?: PlaceholderValues; readonly instead?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { values = {}, instead = {} } = options
  const fill = (text: string): string =>
    Object.entries(instead).reduce(
      (filled, [before, after]) => filled.replaceAll(before, after),
      fillPlaceholders(text, values),
    )
  for (const block of blocksToRun(page, sectionUnder(page, heading))) {
    if (block.kind !== 'command' && block.kind !== 'script') throw new Error(`"${block.name}" is no command`)
    const command = fill(block.command)
    const { code, text } = await run(command)
    if (code !== 0) throw new Error(`${command} ended with exit code ${code}:\n${text}`)
    const missing = block.kind === 'command' ? firstMissingLine(text, block.lines.map(fill)) : undefined
    if (missing !== undefined) throw new Error(`${command} lacks "${missing}":\n${text}`)
  }
}

/** The parts of the repository that the page names. */
function makeClone(directory: string, release: ReadonlyMap<string, Buffer | string>): void {
  mkdirSync(join(directory, 'dist', 'release'), { recursive: true })
  for (const name of ['deploy', 'examples']) symlinkSync(join(root, name), join(directory, name))
  for (const [name, content] of release) writeFileSync(join(directory, 'dist', 'release', name), content)
}

/** The variables of a command in a Pod of a Deployment. */
async function variablesOf(
  stack: StackConnection,
  {
    namespace,
    name,
    env,
  }: { readonly namespace: string; readonly name: string; readonly env: Readonly<Record<string, string>> },
): Promise<Readonly<Record<string, string>>> {
  const pod = await withKubernetesApi(stack, (api) =>
    readDescribedPod(api, { namespace, plural: 'deployments', name }),
  )
  const prepared = await preparePodProcess(stack, {
    name: `exec-${crypto.randomUUID()}`,
    namespace,
    pod,
    env,
  })
  return prepared.env
}
