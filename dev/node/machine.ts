import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { programOnPath } from '../stack/programs.ts'
import { cgroupHierarchies } from './cgroups.ts'
import { namespaceFlags } from './namespaces.ts'
import { neededPrograms, type Machine } from './requirements.ts'

/** Looks at this machine; leaves it as it is. */
export function thisMachine(): Machine {
  const found = neededPrograms.filter((name) => programOnPath(name) !== undefined)
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    programs: new Set(found),
    cgroups: process.platform === 'linux' ? cgroupHierarchies(readFileSync('/proc/mounts', 'utf8')) : [],
    namespaceRefusal: found.includes('unshare') ? namespaceRefusal() : undefined,
    temporaryDirectory: tmpdir(),
  }
}

/** Makes namespaces for a program that does nothing. */
function namespaceRefusal(): string | undefined {
  const { status, stderr } = spawnSync('unshare', [...namespaceFlags, 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : stderr.trim()
}
