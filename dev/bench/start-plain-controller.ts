import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, waitUntilReady, type Child } from '../stack/child-process.ts'
import type { StackConnection } from '../stack/connection.ts'

const readyWithinMs = 30_000

/**
 * Starts the plain controller for one namespace, as administrator.
 *
 * @throws Error with the end of its log if it does not become ready
 */
export async function startPlainController(stack: StackConnection, namespace: string): Promise<Child> {
  const logPath = join(stack.runDirectory, `plain-controller-${namespace}.log`)
  const child = await startChild({
    name: 'plain controller',
    command: process.execPath,
    args: [
      join(import.meta.dirname, 'plain-controller.ts'),
      `--server=${stack.apiServerUrl}`,
      `--ca=${stack.caPath}`,
      `--namespace=${namespace}`,
    ],
    env: { TOKEN: stack.token },
    logPath,
  })
  await waitUntilReady(child, async () => (await readFile(logPath, 'utf8')).includes('ready'), readyWithinMs)
  return child
}
