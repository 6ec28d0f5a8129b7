import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { allocatorImage } from '../../allocator.ts'
import { buildImage } from '../../image/build-image.ts'
import { parseOptions as parseImageOptions } from '../../image/options.ts'
import { showing } from '../../image/showing.ts'
import { cgroupNameFor, makeCgroups, removeAbandonedCgroups, removeCgroups } from '../../node/cgroups.ts'
import { thisMachine } from '../../node/machine.ts'
import { runInNamespaces } from '../../node/namespaces.ts'
import type { NodePrograms } from '../../node/parts.ts'
import { missingOn, type Machine } from '../../node/requirements.ts'
import { writeSandboxImage } from '../../node/sandbox-image.ts'
import { guardDirectory } from '../../stack/cleanup.ts'
import { coreProgramOf, newestClusterApi } from '../../stack/cluster-api-version.ts'
import { ensurePrograms, programOnPath } from '../../stack/programs.ts'
import type { Progress } from '../../stack/progress.ts'
import { stackPrograms } from '../../stack/stack.ts'
import type { InClusterOptions } from '../options.ts'
import { writePlan } from './plan.ts'

const insideProgram = join(import.meta.dirname, 'inside.ts')

const nodePrograms = [
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'kubelet',
  'kube-scheduler',
  'kube-proxy',
  'ptp',
  'host-local',
] as const

/**
 * Runs the demo on a node of its own: a stack, a kubelet and the allocator's Pods, in namespaces of this machine. Programs and
 * the image come first, since nothing in these namespaces reaches another host.
 *
 * @returns the exit code
 * @throws Error that names everything that this machine lacks
 */
export async function demoInCluster(
  options: InClusterOptions & { readonly once: boolean; readonly json: boolean },
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const machine = checkedMachine(options.image)
  await removeAbandonedCgroups(machine.cgroups)
  const cgroup = cgroupNameFor(process.pid)
  const directory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-node-'))
  guardDirectory(directory)
  try {
    // Fails where they are read-only, as in most containers: before anything that takes long.
    makeCgroups(machine.cgroups, cgroup)
    const programs = await programsOf(progress)
    const images = await imagesIn(directory, options.image, programs.sleep, progress)
    signal.throwIfAborted()
    const { once, json, measure } = options
    const planPath = join(directory, 'plan.json')
    writePlan(planPath, {
      directory: join(directory, 'node'),
      cgroup,
      hierarchies: machine.cgroups,
      programs: programs.node,
      helm: programs.helm,
      proxyMode: machine.programs.has('nft') ? 'nftables' : 'iptables',
      images,
      once,
      json,
      measure,
    })
    // All temporary files of the node are in one directory, which goes whatever happens.
    const temporary = join(directory, 'tmp')
    mkdirSync(temporary)
    const command = [process.execPath, insideProgram, planPath]
    return await runInNamespaces(command, { env: { TMPDIR: temporary }, signal })
  } finally {
    await removeCgroups(machine.cgroups, cgroup)
    rmSync(directory, { recursive: true, force: true })
    progress('node: its processes, mounts, network and cgroups are gone')
  }
}

/** @throws Error that names everything that this machine lacks */
function checkedMachine(image: string | undefined): Machine {
  const machine = thisMachine()
  const noImage = image !== undefined && !existsSync(image)
  const reasons = [...missingOn(machine), ...(noImage ? [`--image is "${image}", expected a file`] : [])]
  if (reasons.length === 0) return machine
  throw new Error(`no kubelet can run here:\n${reasons.map((reason) => `  - ${reason}`).join('\n')}`)
}

async function programsOf(
  progress: Progress,
): Promise<{ readonly node: NodePrograms; readonly helm: string; readonly sleep: string }> {
  const core = coreProgramOf(newestClusterApi)
  const found = await ensurePrograms([...stackPrograms, core, 'helm', ...nodePrograms], progress)
  const node: NodePrograms = {
    runc: onPath('runc'),
    containerd: found.containerd.path,
    'containerd-shim-runc-v2': found['containerd-shim-runc-v2'].path,
    ctr: found.ctr.path,
    kubelet: found.kubelet.path,
    'kube-scheduler': found['kube-scheduler'].path,
    'kube-proxy': found['kube-proxy'].path,
    ptp: found.ptp.path,
    'host-local': found['host-local'].path,
  }
  return { node, helm: found.helm.path, sleep: onPath('sleep') }
}

/** `missingOn` has seen it there. */
function onPath(name: string): string {
  return programOnPath(name) ?? name
}

async function imagesIn(
  directory: string,
  given: string | undefined,
  sleep: string,
  progress: Progress,
): Promise<readonly string[]> {
  const sandbox = join(directory, 'sandbox.tar')
  await writeSandboxImage(sandbox, sleep)
  if (given !== undefined) return [sandbox, resolve(given)]
  const image = join(directory, 'image.tar')
  const options = parseImageOptions(['--save', image], process.env, allocatorImage)
  await buildImage(options, progress, showing(progress))
  return [sandbox, image]
}
