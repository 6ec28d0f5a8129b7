import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../stack/run-command.ts'
import { containerdData, nobodyAddress, nodeAddress, nodePrefix, type NodeDirectory } from './place.ts'

/** One step of the preparation. */
export type Step =
  | { readonly kind: 'run'; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }

/**
 * What the kubelet sets for the whole machine, under /proc/sys. It finds its values there, and so leaves those of the machine
 * alone.
 */
const kernelValues: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
}

/** The node's own view of this machine: what its programs write there stays in its directory. */
export function mountSteps(directory: NodeDirectory): readonly Step[] {
  const { varUpper, varWork, containerd, kernel } = directory
  const layers = `lowerdir=/var,upperdir=${varUpper},workdir=${varWork}`
  return [
    ...[varUpper, varWork, containerd, kernel].map(makeDirectory),
    // Shared among its own programs, so that a mount of the kubelet reaches containerd and the Pods.
    run('mount', '--make-rshared', '/'),
    run('mount', '--types=overlay', `--options=${layers}`, 'node-var', '/var'),
    makeDirectory(containerdData),
    run('mount', '--bind', containerd, containerdData),
    run('mount', '--types=tmpfs', 'node-run', '/run'),
    ...Object.entries(kernelValues).flatMap(([name, value]) => {
      const path = join(kernel, name.replaceAll('/', '-'))
      return [
        { kind: 'file' as const, path, text: `${value}\n` },
        run('mount', '--bind', path, `/proc/sys/${name}`),
      ]
    }),
  ]
}

/** A bridge without ports has the node's address: not all kernels have dummy devices. */
export function networkSteps(): readonly Step[] {
  const device = 'node0'
  return [
    run('ip', 'link', 'set', 'lo', 'up'),
    run('ip', 'link', 'add', device, 'type', 'bridge'),
    run('ip', 'address', 'add', `${nodeAddress}/${nodePrefix}`, 'dev', device),
    run('ip', 'link', 'set', device, 'up'),
    run('ip', 'route', 'add', 'default', 'via', nobodyAddress),
    { kind: 'file', path: '/proc/sys/net/ipv4/ip_forward', text: '1\n' },
  ]
}

/** Takes the steps, in order. @throws Error that names the step that failed */
export async function take(steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'directory') mkdirSync(step.path, { recursive: true })
    if (step.kind === 'file') writeFileSync(step.path, step.text)
    if (step.kind === 'run') await runCommand({ command: step.command, args: step.args, cwd: '/' })
  }
}

function run(command: string, ...args: readonly string[]): Step {
  return { kind: 'run', command, args }
}

function makeDirectory(path: string): Step {
  return { kind: 'directory', path }
}
