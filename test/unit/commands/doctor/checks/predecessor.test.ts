import { describe, expect, it } from '@jest/globals'
import {
  checkPredecessor,
  type PredecessorFacts,
} from '../../../../../src/commands/doctor/checks/predecessor.ts'
import { programDeploymentFrom } from '../../../../../src/commands/doctor/checks/providers.ts'
import { extensionConfigFrom } from '../../../../../src/domain/model/extension-config.ts'

const name = 'capi-vip-allocator-controller-manager'
const provider =
  '; if a CAPIProvider or AddonProvider has installed it, delete that one instead, since it would come back'

function deployment(replicas?: number) {
  const metadata = { namespace: 'capi-system', name }
  return programDeploymentFrom({ metadata, spec: { ...(replicas !== undefined && { replicas }) } })
}

function extension(metadata: object, service: string) {
  return extensionConfigFrom({ metadata, spec: { clientConfig: { service: { name: service } } } })
}

const its = extension({ name: 'vip-allocator' }, 'capi-vip-allocator-runtime-extension')
const none: PredecessorFacts = { deployments: { read: [] }, extensionConfigs: { read: [] } }

describe('the predecessor', () => {
  it('is in order if nothing is left of it', () => {
    const others = {
      read: [
        extension({ name: 'addons' }, 'addons-webhook'),
        extensionConfigFrom({ metadata: { name: 'x' }, spec: { clientConfig: { url: 'https://x' } } }),
        // The Service that the chart makes for a release of the usual name.
        extension({ name: 'capi-vip-allocator' }, 'capi-vip-allocator-runtime-extension'),
      ],
    }
    expect(checkPredecessor({ ...none, extensionConfigs: others })).toEqual([
      { level: 'ok', found: 'nothing is left of the predecessor 0.7.1' },
    ])
  })

  it.each([
    [undefined, 'wants 1 Pod, a second program that writes claims and endpoints', 'fault'],
    [2, 'wants 2 Pods, a second program that writes claims and endpoints', 'fault'],
    [0, 'has no Pods, and writes again as soon as somebody scales it up', 'warning'],
  ])(
    'is found by its Deployment with replicas %s, with the command that deletes it',
    (replicas, is, level) => {
      expect(checkPredecessor({ ...none, deployments: { read: [deployment(replicas)] } })).toEqual([
        {
          level,
          found: `the predecessor is still installed: Deployment capi-system/${name} ${is}`,
          fix: `kubectl --namespace capi-system delete deployment ${name}${provider}`,
        },
      ])
    },
  )

  it.each([
    [its, 'vip-allocator'],
    [extension({ name: 'renamed' }, 'capi-vip-allocator-runtime-extension'), 'renamed'],
    [extension({ name: 'vip-allocator' }, ''), 'vip-allocator'],
  ])('is found by its ExtensionConfig, by name or by Service', (found, extensionName) => {
    expect(checkPredecessor({ ...none, extensionConfigs: { read: [found] } })).toEqual([
      {
        level: 'fault',
        found: `ExtensionConfig ${extensionName} is the predecessor's: if nobody answers at its Service, Cluster API may hold up every Cluster of a ClusterClass`,
        fix: `kubectl delete extensionconfigs.runtime.cluster.x-k8s.io ${extensionName}${provider}`,
      },
    ])
  })

  it('is looked for as far as one may, and not being permitted to is no fault', () => {
    const unread = { unread: 'list deployments: is forbidden' }
    expect(checkPredecessor({ ...none, deployments: unread })).toEqual([
      { level: 'skipped', found: unread.unread },
    ])
    expect(
      checkPredecessor({ deployments: unread, extensionConfigs: { read: [its] } }).map(({ level }) => level),
    ).toEqual(['fault', 'skipped'])
  })
})
