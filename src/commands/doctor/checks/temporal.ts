import { describeRoute, type ProxyRoute } from '../../../domain/proxy-route.ts'
import { few } from '../../../domain/quote.ts'
import {
  cliTypeOf,
  missingSearchAttributes,
  mistypedSearchAttributes,
  searchAttributes,
  usableSearchAttributes,
  type RegisteredTypes,
  type SearchAttributeName,
} from '../../../domain/search-attributes.ts'
import { isPolling, type Poller } from '../../../domain/workflow-run.ts'
import { fault, ok, orOk, warning, type CheckOutcome, type Reading } from './check-result.ts'

export interface TaskQueueFacts {
  readonly name: string
  readonly workflowPollers: readonly Poller[]
  readonly activityPollers: readonly Poller[]
}

export interface ServerFacts {
  readonly address: string
  readonly route: ProxyRoute
  readonly version: string
  readonly workerConnection: Reading<unknown>
  readonly retentionSeconds: Reading<unknown>
  readonly taskQueue: Reading<unknown>
  readonly openRuns: Reading<unknown>
  readonly workflowRuns: Reading<unknown>
  readonly searchAttributes: Reading<unknown>
}

const daySeconds = 86_400
/** A poll may be this many milliseconds in the future before the clocks are said to differ. */
const clockToleranceMs = 2_000

/** Checks that Temporal answers every question, its frontend's as those that other services answer, and a Worker's as ours. */
export function checkServer(facts: ServerFacts): readonly CheckOutcome[] {
  const { address, route, version, workerConnection } = facts
  const server = `Temporal ${version} at ${address}`
  const unanswered = questions.filter(({ name }) => hasNoAnswer(facts[name]))
  const problems = [
    ...(unanswered.length === 0 ? [] : [partlyAway(server, unanswered, route)]),
    ...('unread' in workerConnection ? [unreachedByWorkers(server, workerConnection.unread, route)] : []),
  ]
  return orOk(problems, `${server} answers${describeRoute(route)}`)
}

/** What was asked of Temporal, in words, and whether every run depends on the service that answers. */
const questions = [
  { name: 'retentionSeconds', what: 'its namespace', carriesRuns: true },
  { name: 'taskQueue', what: 'its task queue', carriesRuns: true },
  { name: 'workflowRuns', what: 'single runs', carriesRuns: true },
  { name: 'openRuns', what: 'the list of runs', carriesRuns: false },
  { name: 'searchAttributes', what: 'search attributes', carriesRuns: false },
] as const

type Question = (typeof questions)[number]

function hasNoAnswer(reading: Reading<unknown>): boolean {
  return 'unread' in reading && reading.noAnswer === true
}

function partlyAway(server: string, unanswered: readonly Question[], route: ProxyRoute): CheckOutcome {
  const subjects = unanswered.map(({ what }) => what).join(', ')
  const result = unanswered.some(({ carriesRuns }) => carriesRuns) ? ': no run can start or go on' : ''
  const fix =
    "look at Temporal's services behind its frontend (history, matching, visibility): their Pods, their logs, and whether they find each other"
  return fault(`${server}${describeRoute(route)} answers, but not about ${subjects}${result}`, fix)
}

function unreachedByWorkers(server: string, reason: string, route: ProxyRoute): CheckOutcome {
  const found = `${server}${describeRoute(route)} answers, but a Worker cannot connect to it: ${reason}`
  return fault(found, 'check TEMPORAL_TLS_*, TEMPORAL_API_KEY and the proxy if there is one')
}

/** Checks that closed runs are kept long enough to be inspected. Without a retention, there is no such namespace. */
export function checkNamespace(name: string, retentionSeconds: number | undefined): readonly CheckOutcome[] {
  if (retentionSeconds === undefined) {
    const found = `there is no namespace ${name}`
    const fix = `temporal operator namespace create --namespace ${name} --retention 7d, or set TEMPORAL_NAMESPACE to one that exists`
    return [fault(found, fix)]
  }
  const days = retentionSeconds / daySeconds
  const kept = days >= 1 ? `${Number(days.toFixed(1))} d` : `${Number((days * 24).toFixed(1))} h`
  if (retentionSeconds >= daySeconds) {
    return [ok(`namespace ${name} exists and keeps closed runs for ${kept}`)]
  }
  const fix = `temporal operator namespace update --namespace ${name} --retention 7d`
  return [warning(`namespace ${name} keeps closed runs for ${kept} only`, fix)]
}

/** Checks that the task queue has a poller for workflows, and one for activities. */
export function checkTaskQueue(queue: TaskQueueFacts, now: number): readonly CheckOutcome[] {
  const { name, workflowPollers, activityPollers } = queue
  const unserved = [
    { kind: 'workflows', pollers: workflowPollers },
    { kind: 'activities', pollers: activityPollers },
  ].filter(({ pollers }) => !pollers.some((poller) => isPolling(poller, now)))
  if (unserved.length > 0) {
    const last = latest(unserved.flatMap(({ pollers }) => pollers))
    const since = last === undefined ? '' : ` since ${new Date(last).toISOString()}`
    const found = `nobody polls task queue ${name} for ${unserved.map(({ kind }) => kind).join(' and ')}${since}`
    const fix = `start a worker on task queue ${name}: capi-vip-allocator run, or worker; see its log if there is one`
    return [fault(found, fix)]
  }
  return [ok(`task queue ${name} is polled by ${few(workersOf(queue))}`), ...clockProblems(queue, now)]
}

function workersOf({ workflowPollers, activityPollers }: TaskQueueFacts): readonly string[] {
  const words = [...workflowPollers, ...activityPollers].map(({ identity, build }) =>
    build === undefined ? identity : `${identity} (build ${build})`,
  )
  return [...new Set(words)].toSorted()
}

/** The last poll is the only server time available; it lies in the past, so only a clock that is ahead shows. */
function clockProblems(queue: TaskQueueFacts, now: number): readonly CheckOutcome[] {
  const ahead = (latest([...queue.workflowPollers, ...queue.activityPollers]) ?? now) - now
  if (ahead <= clockToleranceMs) return []
  const found = `Temporal's clock is at least ${(ahead / 1000).toFixed(0)} s ahead of the one here`
  const fix = 'synchronize the clocks, for example by NTP (chronyc tracking, timedatectl)'
  return [warning(found, fix)]
}

function latest(pollers: readonly Poller[]): number | undefined {
  const times = pollers.map(({ lastPollAt }) => lastPollAt).filter((time) => time !== undefined)
  return times.length === 0 ? undefined : Math.max(...times)
}

/** Checks the search attributes: optional, but with the right type. @param registration what `--fix` has registered */
export function checkSearchAttributes(
  registered: RegisteredTypes,
  namespace: string,
  registration: Reading<unknown>,
): readonly CheckOutcome[] {
  const missing = missingSearchAttributes(registered)
  const fix = "let somebody register them who may; on Temporal Cloud, in the namespace's settings"
  const problems = [
    ...(missing.length === 0 ? [] : [reportMissing(missing, namespace)]),
    ...mistypedSearchAttributes(registered).map((name) => reportMistyped(name, registered[name], namespace)),
  ]
  return [
    ...('unread' in registration
      ? [warning(`search attributes could not be registered: ${registration.unread}`, fix)]
      : []),
    ...orOk(problems, `${few(usableSearchAttributes(registered))} are registered`),
  ]
}

function reportMissing(missing: readonly SearchAttributeName[], namespace: string): CheckOutcome {
  const flags = missing.map((name) => `--name ${name} --type ${cliTypeOf(searchAttributes[name])}`)
  return warning(
    `${missing.join(', ')} not registered in namespace ${namespace}: runs cannot be searched for by them`,
    `capi-vip-allocator doctor --fix, or temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}; on Temporal Cloud, add them in the namespace's settings or by tcld namespace search-attributes add`,
  )
}

function reportMistyped(
  name: SearchAttributeName,
  found: string | undefined,
  namespace: string,
): CheckOutcome {
  const expected = cliTypeOf(searchAttributes[name])
  return fault(
    `${name} is registered as ${cliTypeOf(found ?? '')}, expected ${expected}: no run sets it`,
    `temporal operator search-attribute remove --namespace ${namespace} --name ${name}, then capi-vip-allocator doctor --fix`,
  )
}
