import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { AllocationStatus, RoleStatus, WaitReport } from './contract.ts'

/** Keeps where a run is, for the query `status`. */
export interface StatusRecord {
  /** The first pass has found the Cluster. */
  selected(uid: string): void
  /** The allocation goes on: what it waited for is over. */
  progress(role: Role, news: Partial<RoleStatus>): void
  /** A step of a role has to wait. News of a role that is done come too late. */
  waits(news: WaitReport, since: Date): void
  /** An address had to be left to somebody else. Told twice, by signal and by result, it counts once. */
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
  const update = (role: Role, news: Partial<RoleStatus>): void => {
    roles.set(role, { ...(roles.get(role) ?? beginning), ...news })
  }
  return {
    selected(found) {
      uid = found
    },
    progress(role, news) {
      const { waiting: _, ...known } = roles.get(role) ?? beginning
      roles.set(role, { ...known, ...news })
    },
    waits({ role, reason, message, considered }, since) {
      if (roles.get(role)?.phase === 'Done') return
      const looked = considered.length === 0 ? {} : { considered }
      update(role, { waiting: { reason, message, since: since.toISOString() }, ...looked })
    },
    duplicate(role, message) {
      const known = roles.get(role)?.duplicates ?? []
      if (known.includes(message)) return
      update(role, { duplicates: [...known, message].slice(-kept) })
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
