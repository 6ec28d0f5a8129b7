import { describe, expect, it } from '@jest/globals'
import type { CheckOutcome, Reading } from '../../../../../src/commands/doctor/checks/check-result.ts'
import {
  checkRuntimeExtensions,
  type ExtensionFacts,
  type ExtensionProbe,
  type Registrant,
} from '../../../../../src/commands/doctor/checks/runtime-extensions.ts'
import type { Snapshot } from '../../../../../src/domain/allocation/snapshot.ts'
import type { Cluster } from '../../../../../src/domain/model/cluster.ts'
import { extensionConfigFrom } from '../../../../../src/domain/model/extension-config.ts'
import { aClass, aCluster, classOfShape } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const loss =
  'Cluster API core does not start with it, and Clusters whose ClusterClass names its handlers are not reconciled'
const ofService = { service: { namespace: 'hooks', name: 'addons' } }

const nothing: Reading<Snapshot> = { read: aSnapshot({}) }

function extension(
  name: string,
  service: ExtensionFacts['service'],
  clientConfig: object = ofService,
  status: object = {},
): ExtensionFacts {
  const config = extensionConfigFrom({ metadata: { name }, spec: { clientConfig }, status })
  return { config, service, probe: undefined }
}

function check(
  configs: readonly ExtensionFacts[],
  snapshot = nothing,
  registrants: readonly Registrant[] = [],
): readonly CheckOutcome[] {
  return checkRuntimeExtensions({ configs, registrants }, snapshot)
}

describe('runtime extensions', () => {
  it('are in order if there are none, or only that of the predecessor, which is found elsewhere', () => {
    const none = [{ level: 'ok', found: 'there is no ExtensionConfig' }]
    expect(check([])).toEqual(none)
    expect(check([extension('vip-allocator', { read: 'absent' })])).toEqual(none)
  })

  it('are in order if nothing says that one is not answered', () => {
    const answered = extension('addons', { read: 'answered' })
    const elsewhere = extension('vips', undefined, { url: 'https://vips' })
    expect(check([answered, elsewhere])).toEqual([
      { level: 'ok', found: '2 ExtensionConfigs, and nothing says that one is not answered' },
    ])
  })

  const undiscovered = { conditions: [{ type: 'Discovered', status: 'False', message: 'no such host' }] }
  it.each([
    [extension('addons', { read: 'absent' }), 'leads to Service hooks/addons, which does not exist'],
    [
      extension('addons', { read: 'unanswered' }),
      'leads to Service hooks/addons, behind which no Pod is ready',
    ],
    [
      extension('addons', { read: 'answered' }, ofService, undiscovered),
      'leads to Service hooks/addons, where Cluster API could not discover its handlers (no such host)',
    ],
    [
      extension('addons', undefined, { url: 'https://addons' }, undiscovered),
      'leads to https://addons, where Cluster API could not discover its handlers (no such host)',
    ],
  ])('of whichever product are found that nobody answers: %#', (facts, why) => {
    expect(check([facts])).toEqual([
      {
        level: 'fault',
        found: `ExtensionConfig addons ${why}: ${loss}`,
        fix: 'bring its extension back, or, if that is gone for good: kubectl delete extensionconfigs.runtime.cluster.x-k8s.io addons',
      },
    ])
  })

  it('that are ours are deleted by our command', () => {
    expect(check([extension('capi-vip-allocator', { read: 'absent' })])).toMatchObject([
      {
        level: 'fault',
        fix: 'bring the allocator back that serves it, with --runtime-extension-ca as the authority of its certificate, or delete it: capi-vip-allocator uninstall-extension --runtime-extension-config=capi-vip-allocator',
      },
    ])
  })

  it('whose Service may not be read are skipped', () => {
    expect(check([extension('addons', { unread: 'get Service: forbidden' })])).toEqual([
      { level: 'skipped', found: 'who answers for ExtensionConfig addons: get Service: forbidden' },
    ])
  })

  it('that are ours are a warning with a single Pod, and those of others are not', () => {
    expect(check([extension('capi-vip-allocator', { read: 'by-one' })])).toMatchObject([
      {
        level: 'warning',
        found: expect.stringContaining('leads to Service hooks/addons, behind which a single Pod is ready: '),
        fix: 'run two replicas or more, with a PodDisruptionBudget (in the chart, replicaCount)',
      },
    ])
    expect(check([extension('addons', { read: 'by-one' })])).toMatchObject([{ level: 'ok' }])
  })

  describe('that are tried from here', () => {
    const url = { url: 'https://vips' }
    const tried = (probe: ExtensionProbe): readonly CheckOutcome[] =>
      check([{ ...extension('vips', undefined, url), probe }])

    it('are in order if they answer', () => {
      expect(tried({ answered: true })).toMatchObject([{ level: 'ok' }])
    })

    it('are found if their certificate is not one of their caBundle', () => {
      expect(tried({ untrusted: 'self-signed certificate' })).toMatchObject([
        {
          level: 'fault',
          found: `ExtensionConfig vips leads to https://vips, whose certificate its caBundle does not verify (self-signed certificate): ${loss}`,
        },
      ])
    })

    it('are a warning if they cannot be reached, since core may reach them', () => {
      expect(tried({ unreachable: 'ECONNREFUSED' })).toMatchObject([
        {
          level: 'warning',
          found:
            'ExtensionConfig vips leads to https://vips, which cannot be reached from here (ECONNREFUSED): Cluster API core does not start with it if it cannot reach it either',
        },
      ])
    })
  })

  describe('that Cluster API calls for a Cluster', () => {
    const clusterSaying = (message: string): Cluster =>
      aCluster({
        name: 'demo',
        conditions: [{ type: 'TopologyReconciled', status: 'False', reason: 'ReconcileFailed', message }],
      })
    const called = (message: string): readonly CheckOutcome[] => {
      const handlers = [{ name: 'patch.addons', requestHook: { hook: 'GeneratePatches' } }]
      const snapshot = { read: aSnapshot({ clusters: [clusterSaying(message)] }) }
      return check([extension('addons', { read: 'answered' }, ofService, { handlers })], snapshot)
    }

    it('are found if there was no answer', () => {
      const message =
        'error computing the desired state: failed to call extension handler "patch.addons": http call failed: Post "https://x": http request timeout expired'
      expect(called(message)).toMatchObject([
        {
          level: 'fault',
          found: `ExtensionConfig addons leads to Service hooks/addons, whose answer Cluster API did not get for Cluster clusters/demo (http call failed: Post "https://x": http request timeout expired): ${loss}`,
        },
      ])
    })

    it.each([
      [
        'that is a Failure',
        'failed to call extension handler "patch.addons": got failure response with message: wait',
      ],
      ['of another one', 'failed to call extension handler "patch.others": http call failed'],
      ['to something else', 'variable "clusterVip" does not exist'],
    ])('are in order if there was an answer %s', (_, message) => {
      expect(called(message)).toMatchObject([{ level: 'ok' }])
    })
  })

  describe('whose handler a ClusterClass names', () => {
    const name = `ClusterClass clusters/${aClass}`
    const classNaming = (external: object): ReturnType<typeof classOfShape> =>
      classOfShape({ variables: [], patches: [{ name: 'vip', external }] })
    const named = (
      external: object,
      configs: readonly ExtensionFacts[],
      clusters: readonly Cluster[] = [aCluster()],
    ): readonly CheckOutcome[] =>
      check(configs, { read: aSnapshot({ clusterClasses: [classNaming(external)], clusters }) })
    const registered = (selector?: object): ExtensionFacts => {
      const handlers = [
        { name: 'patch.vips', requestHook: { hook: 'GeneratePatches' } },
        { name: 'gate.vips', requestHook: { hook: 'BeforeClusterCreate' } },
      ]
      const spec = { clientConfig: { url: 'https://vips' }, namespaceSelector: selector }
      const config = extensionConfigFrom({ metadata: { name: 'vips' }, spec, status: { handlers } })
      return { config, service: undefined, probe: undefined }
    }

    it('are in order if they have it', () => {
      expect(named({ generatePatchesExtension: 'patch.vips' }, [registered()])).toMatchObject([
        { level: 'ok' },
      ])
    })

    it.each<[string, object, readonly ExtensionFacts[], string]>([
      [
        'nobody has registered it',
        { generatePatchesExtension: 'patch.vips' },
        [],
        'names the handler patch.vips for GeneratePatches, which is not registered: there is no ExtensionConfig vips',
      ],
      [
        'nobody has registered it under its name in v1beta1',
        { generateExtension: 'patch.vips' },
        [],
        'names the handler patch.vips for GeneratePatches, which is not registered: there is no ExtensionConfig vips',
      ],
      [
        'the extension has others',
        { generatePatchesExtension: 'patches.vips' },
        [registered()],
        'names the handler patches.vips for GeneratePatches, which ExtensionConfig vips does not have, but patch.vips, gate.vips',
      ],
      [
        'it is for another hook',
        { validateTopologyExtension: 'gate.vips' },
        [registered()],
        'names the handler gate.vips for ValidateTopology, which is for BeforeClusterCreate',
      ],
      [
        'it is not called in the namespace of a Cluster',
        { generatePatchesExtension: 'patch.vips' },
        [registered({ matchLabels: { 'kubernetes.io/metadata.name': 'others' } })],
        'names the handler patch.vips for GeneratePatches, which is not called for Cluster clusters/demo: the namespaceSelector of ExtensionConfig vips leaves the namespace out',
      ],
    ])('are found if %s', (_, external, configs, what) => {
      expect(named(external, configs)).toMatchObject([
        { level: 'fault', found: `${name} ${what}; its Clusters are not reconciled` },
      ])
    })

    it('are a warning as long as the class has no Cluster', () => {
      expect(named({ generatePatchesExtension: 'patch.vips' }, [], [])).toMatchObject([
        { level: 'warning', found: expect.stringContaining('; no Cluster of it would be reconciled') },
      ])
    })

    it('are found if core says that it is not called for a Cluster', () => {
      const message =
        'failed to call extension handler "patch.vips": namespaceSelector did not match object clusters/demo'
      const cluster = aCluster({
        conditions: [{ type: 'TopologyReconciled', status: 'False', reason: 'ReconcileFailed', message }],
      })
      const selector = { matchLabels: { team: 'blue' } }
      expect(
        named({ generatePatchesExtension: 'patch.vips' }, [registered(selector)], [cluster]),
      ).toMatchObject([
        { level: 'fault', found: expect.stringContaining('is not called for Cluster clusters/demo') },
      ])
    })

    it('are not looked for if they have not been discovered', () => {
      const config = extension('vips', undefined, { url: 'https://vips' })
      expect(named({ generatePatchesExtension: 'patch.vips' }, [config])).toMatchObject([{ level: 'ok' }])
    })
  })

  describe('that a Deployment of ours is to register', () => {
    const registrant: Registrant = {
      deployment: { namespace: 'system', name: 'allocator' },
      name: 'addons',
      address: { namespace: 'hooks', service: 'addons', port: undefined },
    }

    it('are in order if they lead to its Service', () => {
      expect(check([extension('addons', { read: 'answered' })], nothing, [registrant])).toMatchObject([
        { level: 'ok' },
      ])
    })

    it('are found if they are not there', () => {
      expect(check([], nothing, [registrant])).toEqual([
        {
          level: 'fault',
          found: 'Deployment system/allocator is to register ExtensionConfig addons, which is not there',
          fix: 'see its log for the reason; Cluster API core needs the feature gate RuntimeSDK (EXP_RUNTIME_SDK=true for clusterctl)',
        },
      ])
    })

    it('are found if they are those of another installation', () => {
      const address = { namespace: 'other', service: 'addons', port: undefined }
      const outcomes = check([extension('addons', { read: 'answered' })], nothing, [
        { ...registrant, address },
      ])
      expect(outcomes).toMatchObject([
        {
          level: 'fault',
          found:
            'Deployment system/allocator is to register ExtensionConfig addons for Service other/addons, but it leads to Service hooks/addons: it is that of another installation',
        },
      ])
    })
  })
})
