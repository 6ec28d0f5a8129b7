import type { Style } from '../../console/style.ts'
import { formatAge, renderTable } from '../../console/table.ts'
import type { PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { describePlace } from '../../domain/allocation/waiting-queue.ts'
import type { Condition } from '../../domain/model/cluster.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { formatPool } from '../../domain/model/pool.ts'
import { eventReporter } from '../../domain/names.ts'
import { printable } from '../../domain/quote.ts'
import type { PendingActivity } from '../temporal/pending-activities.ts'
import type { ClusterReport, VipDetails } from './cluster-report.ts'
import type { ObjectEvent } from './read-events.ts'
import { problemLines, paintFor } from './status-text.ts'

export function clusterText(report: ClusterReport, style: Style, now: number): string {
  const { cluster, vips, workflow, findings } = report
  return [
    headLine(report, style, now),
    ...vips.flatMap((vip) => ['', ...vipLines(vip, style, now)]),
    ...vips.flatMap((vip) => poolLines(vip, workflow.status?.roles[vip.role]?.considered, style)),
    ...vips.flatMap(({ role, secondDetails }) =>
      secondDetails === undefined
        ? []
        : poolLines(
            { role: `the second address of ${role}`, considered: secondDetails.considered },
            undefined,
            style,
          ),
    ),
    '',
    ...workflowLines(report, style, now),
    ...problemLines(findings, style),
    '',
    ...eventLines(report, style, now),
    ...(vips.length === 0 ? [`Nothing waits or is wrong with Cluster ${formatKey(cluster)}.`] : []),
  ].join('\n')
}

function headLine({ cluster }: ClusterReport, style: Style, now: number): string {
  const facts = [
    `uid ${cluster.uid}`,
    `created ${cluster.created}, ${formatAge(cluster.created, now)} ago`,
    cluster.clusterClass === undefined ? 'no ClusterClass' : `ClusterClass ${cluster.clusterClass}`,
    ...(cluster.isPaused ? ['paused'] : []),
    ...(cluster.isDeleting ? ['being deleted'] : []),
  ]
  return `${style.strong(`Cluster ${formatKey(cluster)}`)} (${facts.join('; ')})`
}

/** Width of the column of names, in characters. */
const nameWidth = 12

function field(name: string, text: string | undefined): string {
  return `  ${name.padEnd(nameWidth)}${text || '-'}`
}

function vipLines(vip: VipDetails, style: Style, now: number): readonly string[] {
  const { condition, claimObject, ipAddressObject, second, secondDetails } = vip
  return [
    `${style.strong(vip.role)}: ${paintFor(vip.phase, style)(vip.phase)}, ${vip.reason}, since ${vip.since} (${formatAge(vip.since, now)})`,
    field('message', printable(vip.message)),
    ...(vip.queue === undefined ? [] : [field('queue', describePlace(vip.queue))]),
    field('VIP', vip.address && printable(vip.address)),
    field('claim', claimObject && describeClaim(claimObject)),
    field('address', ipAddressObject && describeAddress(ipAddressObject)),
    ...(second === undefined
      ? []
      : [
          field('second VIP', second.address && printable(second.address)),
          field('claim', secondDetails?.claimObject && describeClaim(secondDetails.claimObject)),
          field('address', secondDetails?.ipAddressObject && describeAddress(secondDetails.ipAddressObject)),
        ]),
    field('condition', condition && describeCondition(condition)),
  ]
}

function describeClaim(claim: NonNullable<VipDetails['claimObject']>): string {
  const bound = claim.addressName === undefined ? 'not bound' : 'bound'
  return `${claim.name} on ${formatPool(claim.poolRef)}, ${claim.isDeleting ? 'being deleted' : bound}`
}

function describeAddress(ipAddress: NonNullable<VipDetails['ipAddressObject']>): string {
  const { name, address, prefix, gateway } = ipAddress
  const route = gateway === undefined ? '' : `, gateway ${printable(gateway)}`
  return `${name}: ${printable(address)}/${prefix}${route}`
}

function describeCondition({ status, reason, lastTransitionTime }: Condition): string {
  return `${status} ${printable(reason)} since ${lastTransitionTime}`
}

/** Prefers the verdicts of the run, which may have been made when the pools were different. */
function poolLines(
  { role, considered }: Pick<VipDetails, 'considered'> & { readonly role: string },
  ofRun: readonly PoolVerdict[] | undefined,
  style: Style,
): readonly string[] {
  const [verdicts, when] =
    ofRun === undefined || ofRun.length === 0 ? [considered, 'as of now'] : [ofRun, 'as the run judged them']
  if (verdicts.length === 0) return ['', `There is no pool that ${role} could use.`]
  const rows = verdicts.map(({ kind, name, verdict, because }) => [
    formatPool({ kind, name }),
    verdict === 'selected' ? style.good(verdict) : verdict,
    printable(because),
  ])
  return [
    '',
    `Pools for ${role}, ${when}:`,
    indented(renderTable(['pool', 'verdict', 'because'], rows, style)),
  ]
}

function workflowLines({ workflow }: ClusterReport, style: Style, now: number): readonly string[] {
  const { id, state, runId, started, taskQueue, problem, pendingActivities, trouble } = workflow
  const run =
    runId === undefined
      ? ''
      : `, run ${runId}, started ${started ?? ''}, task queue ${printable(taskQueue ?? '')}`
  return [
    `${style.strong(`Workflow ${id}`)}: ${state}${run}`,
    ...(problem === undefined ? [] : [`  ${style.bad(printable(problem.message))}`]),
    ...pendingActivities.map((pending) => `  ${describePending(pending, now)}`),
    ...(trouble === undefined ? [] : [`  ${style.warn(printable(trouble))}`]),
  ]
}

function describePending(pending: PendingActivity, now: number): string {
  const { activity, attempt, reason, message, nextLook } = pending
  const next =
    nextLook === undefined
      ? 'is being tried'
      : `looks again in ${Math.max(0, Math.ceil((Date.parse(nextLook) - now) / 1000))}s`
  const why = reason === undefined ? '' : `: ${printable(`${reason}: ${message ?? ''}`)}`
  return `${activity}, attempt ${attempt}, ${next}${why}`
}

/** How many events the text shows; JSON and YAML have all. */
const shownEvents = 10

/** The latest events, the allocator's before those of others: Cluster API may record many about one Cluster. */
function eventsToShow(events: readonly ObjectEvent[]): readonly ObjectEvent[] {
  const ours = events.filter(({ controller }) => controller === eventReporter).slice(-shownEvents)
  const others = events.filter(({ controller }) => controller !== eventReporter)
  const shown = new Set([...ours, ...others.slice(Math.max(0, others.length - shownEvents + ours.length))])
  return events.filter((event) => shown.has(event))
}

function eventLines({ events }: ClusterReport, style: Style, now: number): readonly string[] {
  if (events === undefined) return ['The events could not be read.']
  if (events.length === 0) return ['No events.']
  const rows = eventsToShow(events).map(({ lastSeen, type, reason, count, controller, note }) => [
    formatAge(lastSeen, now),
    type === 'Warning' ? style.warn(type) : type,
    printable(reason),
    String(count),
    printable(controller),
    printable(note),
  ])
  return [
    'Events:',
    indented(renderTable(['last seen', 'type', 'reason', 'count', 'from', 'message'], rows, style)),
  ]
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
