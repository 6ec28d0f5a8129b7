import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { AllocationStatus, RoleStatus, WaitReport } from './contract.ts'

/** The state of a run, for the query `status`. */
export interface StatusRecord {
  selected(uid: string): void
  /** The allocation makes progress, so a wait is over. */
  progress(role: Role, ...update: Parameters<StatusUpdate>): void
  /** A step of a role has to wait. A report about a role that is done came too late. */
  waits(wait: WaitReport, since: Date): void
  /** An address was left to somebody else. Signal and result both report it; it counts once. */
  duplicate(role: Role, message: string): void
  /** Of the Cluster; `""` before the first step. */
  uid(): string
  report(wakes: readonly string[]): AllocationStatus
}

/** @param options `keepsVerdicts`: the verdicts of an earlier pass, by which the pool was selected, stay */
export type StatusUpdate = (
  update: Partial<RoleStatus>,
  options?: { readonly keepsVerdicts: boolean },
) => void

/** Duplicates that the status shows. */
const kept = 10

const beginning: RoleStatus = { phase: 'SelectingPool', message: 'starting', considered: [], duplicates: [] }

export function createStatusRecord(cluster: NamespacedName): StatusRecord {
  let uid = ''
  const roles = new Map<Role, RoleStatus>()
  const statusOf = (role: Role): RoleStatus => roles.get(role) ?? beginning
  const set = (role: Role, update: Partial<RoleStatus>): void => {
    roles.set(role, { ...statusOf(role), ...update })
  }
  return {
    selected(found) {
      uid = found
    },
    progress(role, update, { keepsVerdicts } = { keepsVerdicts: false }) {
      const { waiting: _, ...status } = statusOf(role)
      const kept = keepsVerdicts && status.considered.length > 0 ? { considered: status.considered } : {}
      roles.set(role, { ...status, ...update, ...kept })
    },
    waits({ role, reason, message, considered }, since) {
      if (roles.get(role)?.phase === 'Done') return
      const waiting = { reason, message, since: since.toISOString() }
      set(role, { waiting, ...(considered.length > 0 && { considered }) })
    },
    duplicate(role, message) {
      const { duplicates } = statusOf(role)
      if (!duplicates.includes(message)) set(role, { duplicates: [...duplicates, message].slice(-kept) })
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
