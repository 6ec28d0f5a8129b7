import type { NamespacedName } from '../domain/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { AllocationStatus, RoleStatus } from './contract.ts'

/** Keeps where a run is, for the query `status`. */
export interface StatusRecord {
  /** The first pass has found the Cluster. */
  selected(uid: string): void
  progress(role: Role, news: Partial<RoleStatus>): void
  /** An address had to be left to somebody else. */
  duplicate(role: Role, message: string): void
  /** Of the Cluster; `""` before it was found. */
  uid(): string
  report(wakes: readonly string[]): AllocationStatus
}

/** Duplicates kept for people to read. */
const kept = 10

const beginning: RoleStatus = { phase: 'SelectingPool', message: 'starting', considered: [], duplicates: [] }

export function createStatusRecord(cluster: NamespacedName): StatusRecord {
  let uid = ''
  const roles = new Map<Role, RoleStatus>()
  const progress = (role: Role, news: Partial<RoleStatus>): void => {
    roles.set(role, { ...(roles.get(role) ?? beginning), ...news })
  }
  return {
    selected(found) {
      uid = found
    },
    progress,
    duplicate(role, message) {
      const known = roles.get(role)?.duplicates ?? []
      progress(role, { duplicates: [...known, message].slice(-kept) })
    },
    uid: () => uid,
    report: (wakes) => ({
      cluster,
      ...(uid !== '' && { uid }),
      roles: Object.fromEntries(roles),
      wakes,
    }),
  }
}
