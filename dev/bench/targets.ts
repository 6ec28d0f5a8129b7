/** The target of a figure. */
export type Target =
  /** A multiple of what the plain controller needs in the same run. */
  | { readonly timesPlain: number }
  /** A multiple of the floor of the same run. */
  | { readonly timesFloor: number }
  /** An upper limit, in the figure's unit. */
  | { readonly atMost: number }

export interface FigureKind {
  /** `""` for a bare number. */
  readonly unit: '' | 'ms' | 's' | 'MB' | '%'
  readonly target: Target
  /** What is measured, and what plain and floor are. */
  readonly meaning: string
}

/**
 * All figures in the order of the table. If the target is the floor itself, 10 % are allowed for the difference
 * between two runs of the same.
 */
export const figureKinds = {
  'one-vip-p50': {
    unit: 'ms',
    target: { timesPlain: 1.3 },
    meaning:
      'one after the other: from the request that creates the Cluster to its endpoint in a watch; floor: from the claim to its address',
  },
  'one-vip-p99': {
    unit: 'ms',
    target: { timesPlain: 2 },
    meaning: 'the same, 99th percentile',
  },
  'burst-200': {
    unit: 's',
    target: { timesPlain: 1.4 },
    meaning: '200 Clusters at once, to the last endpoint; floor: 200 claims, to the last address',
  },
  'burst-1000': {
    unit: 's',
    target: { timesPlain: 1.4 },
    meaning: '1,000 Clusters at once, to the last endpoint; floor: 1,000 claims, to the last address',
  },
  'burst-1000-slowdown': {
    unit: '',
    target: { timesFloor: 1.1 },
    meaning: 'time of the second half divided by time of the first; floor: the same for the claims',
  },
  requests: {
    unit: '',
    target: { atMost: 6 },
    meaning: 'requests of the allocator to the API server per allocation, without watches',
  },
  'requests-lists': {
    unit: '',
    target: { atMost: 0 },
    meaning: 'requests among them that list Clusters or IPAddresses',
  },
  cpu: {
    unit: 'ms',
    target: { atMost: 12 },
    meaning:
      'CPU of the allocator per allocation in a burst; plain: of the plain controller; floor: of the IPAM provider per claim',
  },
  'cpu-temporal': {
    unit: 'ms',
    target: { atMost: 12 },
    meaning: 'CPU of Temporal per allocation in the same burst',
  },
  'cpu-all-parts': {
    unit: 'ms',
    target: { timesPlain: 1.4 },
    meaning:
      'CPU of all parts per allocation in the same burst: allocator, Temporal, API server, etcd, IPAM provider',
  },
  'history-events': { unit: '', target: { atMost: 29 }, meaning: 'events of a run that serves a Cluster' },
  'history-waiting': {
    unit: '',
    target: { atMost: 0 },
    meaning: 'events that several attempts add to a waiting run',
  },
  'freed-1000-assigned': {
    unit: 's',
    target: { atMost: 2 },
    meaning:
      '1,000 Clusters wait for an exhausted pool and one address is freed: until one of them has it; floor: one claim that waits for its pool',
  },
  'freed-1000-requests': {
    unit: '',
    target: { atMost: 20 },
    meaning:
      'requests of the allocator from then until 5 s after that VIP; floor: its average over the same time in the minute before',
  },
  'waiting-10000-cpu': {
    unit: '%',
    target: { atMost: 50 },
    meaning:
      '10,000 Clusters wait for an exhausted pool: CPU of all parts, of one core, on average over the rounds of two minutes',
  },
  'waiting-10000-attempts': {
    unit: '',
    target: { atMost: 20 },
    meaning: 'attempts of their waiting steps in each second of that time',
  },
  'waiting-10000-requests': {
    unit: '',
    target: { atMost: 0 },
    meaning: "the allocator's requests in two minutes of it, without watches and relists",
  },
  'two-replicas': {
    unit: 's',
    target: { timesFloor: 1.1 },
    meaning: '200 Clusters at once with two replicas, to the last endpoint; floor: with one',
  },
  'two-replicas-writes': {
    unit: '',
    target: { atMost: 1 },
    meaning: 'writes of endpoints per Cluster with two replicas; floor: with one',
  },
  'gates-variable': {
    unit: 'ms',
    target: { atMost: 1500 },
    meaning:
      'one after the other, with Cluster API core: from the VIP on the Cluster to its infrastructure cluster, if the class waits for a variable',
  },
  'gates-variable-created': {
    unit: 'ms',
    target: { atMost: 2000 },
    meaning: 'the same, from the request that creates the Cluster',
  },
  'gates-annotation': {
    unit: 'ms',
    target: { atMost: 1500 },
    meaning: 'from the VIP, if a template of the class fails without the annotation of the VIP',
  },
  'gates-annotation-created': {
    unit: 'ms',
    target: { atMost: 2000 },
    meaning: 'the same, from the request that creates the Cluster',
  },
  'gates-before-cluster-create': {
    unit: 'ms',
    target: { atMost: 2500 },
    meaning: 'from the VIP, if the hook BeforeClusterCreate holds the Cluster back',
  },
  'gates-before-cluster-create-created': {
    unit: 'ms',
    target: { atMost: 3000 },
    meaning: 'the same, from the request that creates the Cluster',
  },
  'gates-generate-patches': {
    unit: 'ms',
    target: { atMost: 500 },
    meaning: 'from the VIP, if the hook GeneratePatches writes it into the template',
  },
  'gates-generate-patches-created': {
    unit: 'ms',
    target: { atMost: 1000 },
    meaning: 'the same, from the request that creates the Cluster',
  },
  'runtime-extension-p99': {
    unit: 'ms',
    target: { atMost: 50 },
    meaning: 'calls of GeneratePatches for served Clusters, ten at once, 99th percentile',
  },
  'restart-5000-workflows': {
    unit: '',
    target: { atMost: 0 },
    meaning: 'workflows started by an allocator that starts and finds 5,000 served Clusters',
  },
  'restart-5000-requests': {
    unit: '',
    target: { atMost: 40 },
    meaning: 'its requests to the API server until it is quiet, including watches',
  },
  'restart-5000-ready': { unit: 's', target: { atMost: 10 }, meaning: 'until /readyz says so' },
  'at-rest-10000-memory': {
    unit: 'MB',
    target: { atMost: 300 },
    meaning: 'resident memory of the allocator with 10,000 served Clusters',
  },
  'at-rest-10000-cpu': { unit: '%', target: { atMost: 1 }, meaning: 'of one core, over a minute' },
  'at-rest-10000-requests': {
    unit: '',
    target: { atMost: 0 },
    meaning: 'its requests in that minute, without watches and relists',
  },
} as const satisfies Readonly<Record<string, FigureKind>>

export type FigureName = keyof typeof figureKinds
