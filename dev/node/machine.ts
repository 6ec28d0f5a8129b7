import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { programOnPath } from '../stack/programs.ts'
import { cgroupHierarchies } from './cgroups.ts'
import { neededPrograms, type Machine } from './requirements.ts'

/** Looks at this machine; changes nothing. */
export function thisMachine(): Machine {
  const found = neededPrograms.filter((name) => programOnPath(name) !== undefined)
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    programs: new Set(found),
    cgroups: process.platform === 'linux' ? cgroupHierarchies(readFileSync('/proc/mounts', 'utf8')) : [],
    temporaryDirectory: tmpdir(),
  }
}
