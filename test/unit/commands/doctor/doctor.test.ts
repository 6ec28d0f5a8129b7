import { afterEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { diagnoseKubernetes, diagnoseTemporal } from '../../../../src/commands/doctor/doctor.ts'
import { readKubernetesFacts } from '../../../../src/commands/doctor/kubernetes-facts.ts'
import { formatReport } from '../../../../src/commands/doctor/report.ts'
import type { TemporalFacts } from '../../../../src/commands/doctor/temporal-facts.ts'
import { plainStyle } from '../../../support/plain-style.ts'
import type { CheckName, CheckResult } from '../../../../src/commands/doctor/checks/check-result.ts'
import { noDnsNames } from '../../../../src/domain/dns-name.ts'
import { noProxies } from '../../../../src/domain/proxy-settings.ts'
import { searchAttributes } from '../../../../src/domain/search-attributes.ts'
import { aRun, variables } from '../../../support/builders.ts'

const now = Date.parse('2026-01-02T03:04:05Z')

/** An API server of a fixed time and few answers, which a real one cannot be brought to. All else is not served. */
interface OddServer {
  readonly date?: string
  readonly answers: Readonly<Record<string, unknown>>
}

const ends: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function diagnose({ date, answers }: OddServer): Promise<readonly CheckResult[]> {
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url.replace(/\?.*/, '')]
    response.sendDate = date === undefined
    if (date !== undefined) response.setHeader('date', date)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { message: 'not found' }))
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  ends.push(
    () => new Promise((resolve) => server.close(() => resolve())),
    () => rmSync(folder, { recursive: true }),
  )
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}`))
  const place = {
    kubeconfig,
    kubeconfigList: undefined,
    apiServerOfPod: undefined,
    context: undefined,
    proxies: noProxies,
    namespaces: [],
    dnsNames: noDnsNames,
    serviceAccount: undefined,
  }
  return diagnoseKubernetes({ read: await readKubernetesFacts(place) }, { variables }, now)
}

function kubeconfigFor(server: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'odd', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'me', user: {} }],
    contexts: [{ name: 'odd', context: { cluster: 'odd', user: 'me' } }],
    'current-context': 'odd',
  })
}

function of(results: readonly CheckResult[], check: CheckName): readonly (readonly [string, string])[] {
  return results.filter((result) => result.check === check).map(({ level, found }) => [level, found])
}

const version = { '/version': { gitVersion: 'v1.35.4' } }

function kinds(...plurals: readonly string[]): unknown {
  return { resources: plurals.map((name) => ({ name })) }
}

describe('an odd API server', () => {
  it('that serves nothing of Cluster API gets a list of what to install', async () => {
    const results = await diagnose({ answers: version })
    expect(of(results, 'api-server')).toEqual([
      ['ok', expect.stringMatching(/^Kubernetes v1\.35\.4 at http:\/\/127\.0\.0\.1:\d+ answers in \d+ ms$/)],
    ])
    expect(results.filter(({ check }) => check === 'api-versions').map(({ fix }) => fix)).toEqual([
      'install Cluster API core',
      'install the in-cluster IPAM provider',
      'install Kubernetes 1.19 or newer',
    ])
    for (const check of ['permissions', 'pools', 'pool-labels', 'clusters'] as const) {
      expect(of(results, check)).toEqual([['skipped', expect.any(String)]])
    }
  })

  it('of old versions gets warnings', async () => {
    const core = ['clusters', 'clusterclasses'] as const
    const results = await diagnose({
      answers: {
        ...version,
        '/apis/cluster.x-k8s.io/v1beta1': kinds(...core),
        '/apis/ipam.cluster.x-k8s.io/v1beta1': kinds('ipaddressclaims', 'ipaddresses'),
        '/apis/ipam.cluster.x-k8s.io/v1alpha2': kinds('globalinclusterippools'),
        '/apis/events.k8s.io/v1': kinds('events'),
        '/api/v1': kinds('namespaces'),
      },
    })
    expect(of(results, 'api-versions').map(([level]) => level)).toEqual(['warning', 'warning', 'ok'])
    expect(of(results, 'api-versions')[0]?.[1]).toContain('v1beta1 only, not in v1beta2')
  })

  it('whose clock is wrong gets a fault, and one that sends no time is skipped', async () => {
    const wrong = await diagnose({ date: 'Fri, 02 Jan 2026 03:04:05 GMT', answers: version })
    expect(of(wrong, 'clock')).toEqual([['fault', expect.stringContaining('behind the one here')]])
    const silent = await diagnose({ date: 'nonsense', answers: version })
    expect(of(silent, 'clock')).toEqual([['skipped', 'the API server sends no Date']])
  })
})

const facts: TemporalFacts = {
  address: 'localhost:7233',
  route: { direct: true },
  version: '1.32.0',
  namespace: 'default',
  workerConnection: { read: true },
  retentionSeconds: { read: 86_400 },
  taskQueueName: 'ours',
  taskQueue: { unread: 'no answer' },
  openRuns: { unread: 'no answer' },
  workflowRuns: { unread: 'Clusters that wait are not known: no answer' },
  searchAttributes: { read: { ...searchAttributes, VipPool: undefined } },
  registered: { read: [] },
}

const identified = { read: { managementClusterUid: { read: 'uid' } } }

describe('Temporal', () => {
  it('that refuses to register search attributes says why', () => {
    const refused = { ...facts, registered: { unread: '7 PERMISSION_DENIED: unauthorized' } }
    const results = diagnoseTemporal({ read: refused }, identified, now)
    expect(of(results, 'search-attributes')).toEqual([
      ['warning', 'search attributes could not be registered: 7 PERMISSION_DENIED: unauthorized'],
      ['warning', expect.stringContaining('VipPool not registered')],
    ])
  })

  it('that answers some questions only is skipped for the others', () => {
    const results = diagnoseTemporal({ read: facts }, identified, now)
    expect(of(results, 'temporal')).toEqual([['ok', 'Temporal 1.32.0 at localhost:7233 answers']])
    expect(of(results, 'temporal-workers')).toEqual([['skipped', 'no answer']])
    expect(of(results, 'workflow-runs')).toEqual([['skipped', 'Clusters that wait are not known: no answer']])
  })
})

describe('Temporal whose frontend answers', () => {
  const silent = { unread: 'Temporal at localhost:7233 does not answer within 5 s', noAnswer: true } as const
  const found = (changed: Partial<TemporalFacts>): unknown =>
    of(diagnoseTemporal({ read: { ...facts, ...changed } }, identified, now), 'temporal')

  it('is at fault where the services of all runs do not, although what they answer is skipped', () => {
    const results = diagnoseTemporal(
      { read: { ...facts, taskQueue: silent, openRuns: silent } },
      identified,
      now,
    )
    expect(of(results, 'temporal')).toEqual([
      [
        'fault',
        'Temporal 1.32.0 at localhost:7233 answers, but not about its task queue, the list of runs: no run can start or go on',
      ],
    ])
    expect(of(results, 'temporal-workers')).toEqual([['skipped', silent.unread]])
    expect(found({ workflowRuns: silent })).toEqual([
      ['fault', expect.stringMatching(/not about single runs: no run can start or go on$/)],
    ])
  })

  it('is at fault where only lists of runs do not come, which holds no run up', () => {
    expect(found({ openRuns: silent, searchAttributes: silent })).toEqual([
      [
        'fault',
        'Temporal 1.32.0 at localhost:7233 answers, but not about the list of runs, search attributes',
      ],
    ])
  })

  it('is at fault where a Worker cannot connect', () => {
    expect(found({ workerConnection: { unread: 'the name is another' } })).toEqual([
      [
        'fault',
        'Temporal 1.32.0 at localhost:7233 answers, but a Worker cannot connect to it: the name is another',
      ],
    ])
  })
})

describe('the management cluster', () => {
  it('is in order, a warning if it cannot be identified, and skipped if the API server does not answer', () => {
    const check = (kubernetes: Parameters<typeof diagnoseTemporal>[1]): unknown =>
      of(diagnoseTemporal({ read: facts }, kubernetes, now), 'management-cluster')
    expect(check(identified)).toEqual([['ok', expect.stringContaining('kube-system is uid')]])
    expect(check({ read: { managementClusterUid: { unread: 'forbidden' } } })).toEqual([
      ['warning', expect.stringContaining('forbidden')],
    ])
    expect(check({ unread: 'the API server is away' })).toEqual([['skipped', 'the API server is away']])
  })
})

describe('a run that nobody works on', () => {
  it('is a fault', () => {
    const running = [
      aRun({ taskQueue: 'dead', workflowTaskAttempt: 1, readyForMs: 60_000 }),
      aRun({ workflowId: 'allocate-vip/clusters/later', beginsAt: now + 3_600_000 }),
    ]
    const workflowRuns = { read: { running, asked: 2, passedOver: 0 } }
    const results = diagnoseTemporal({ read: { ...facts, workflowRuns } }, identified, now)
    expect(of(results, 'workflow-runs')).toEqual([
      ['fault', 'nobody works on 1 run on task queue "dead", not "ours": allocate-vip/clusters/demo'],
      [
        'fault',
        'nobody works on 1 run that a start delay or a cron schedule holds back: allocate-vip/clusters/later',
      ],
    ])
  })
})

describe('the report', () => {
  it('has a table, what was fixed, and each thing to do once', () => {
    const results: readonly CheckResult[] = [
      { check: 'api-server', level: 'ok', found: 'it answers' },
      { check: 'permissions', level: 'fault', found: 'this is refused', fix: 'grant it' },
      { check: 'permissions', level: 'warning', found: 'that is refused', fix: 'grant it' },
      { check: 'pools', level: 'skipped', found: 'nothing is known' },
      { check: 'clusters', level: 'warning', found: 'a slip', fix: 'correct it' },
    ]
    expect(formatReport({ healthy: false, findings: results, fixed: ['something'] }, plainStyle)).toBe(
      `
LEVEL       CHECK         FOUND
✓ ok        api-server    it answers
✗ fault     permissions   this is refused
! warning   permissions   that is refused
- skipped   pools         nothing is known
! warning   clusters      a slip

Fixed:
  ✓ something

To do:
  1. permissions: grant it
  2. clusters: correct it

1 fault, 2 warnings, 1 skipped, 1 in order`.trim(),
    )
  })

  it('is a table alone where there is nothing to do', () => {
    const results: readonly CheckResult[] = [{ check: 'api-server', level: 'ok', found: 'it answers' }]
    expect(formatReport({ healthy: true, findings: results, fixed: [] }, plainStyle)).toBe(
      'LEVEL   CHECK        FOUND\n✓ ok    api-server   it answers\n\n0 faults, 0 warnings, 0 skipped, 1 in order',
    )
  })
})
