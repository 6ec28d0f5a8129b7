import { describe, expect, it } from '@jest/globals'
import {
  checkRuntimeExtensions,
  type ExtensionFacts,
} from '../../../../../src/commands/doctor/checks/runtime-extensions.ts'
import { extensionConfigFrom } from '../../../../../src/domain/model/extension-config.ts'

const loss =
  'Cluster API core does not start with it, and Clusters whose ClusterClass names its handlers are not reconciled'
const ofService = { service: { namespace: 'hooks', name: 'addons' } }

function extension(
  name: string,
  service: ExtensionFacts['service'],
  clientConfig: object = ofService,
  status: object = {},
): ExtensionFacts {
  return { config: extensionConfigFrom({ metadata: { name }, spec: { clientConfig }, status }), service }
}

describe('runtime extensions', () => {
  it('are in order if there are none, or only that of the predecessor, which is found elsewhere', () => {
    const none = [{ level: 'ok', found: 'there is no ExtensionConfig' }]
    expect(checkRuntimeExtensions([])).toEqual(none)
    expect(checkRuntimeExtensions([extension('vip-allocator', { read: 'absent' })])).toEqual(none)
  })

  it('are in order if nothing says that one is not answered', () => {
    const answered = extension('addons', { read: 'answered' })
    const elsewhere = extension('vips', undefined, { url: 'https://vips' })
    expect(checkRuntimeExtensions([answered, elsewhere])).toEqual([
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
    expect(checkRuntimeExtensions([facts])).toEqual([
      {
        level: 'fault',
        found: `ExtensionConfig addons ${why}: ${loss}`,
        fix: 'bring its extension back, or, if that is gone for good: kubectl delete extensionconfigs.runtime.cluster.x-k8s.io addons',
      },
    ])
  })

  it('that are ours are deleted by our command', () => {
    expect(checkRuntimeExtensions([extension('capi-vip-allocator', { read: 'absent' })])).toMatchObject([
      {
        level: 'fault',
        fix: 'bring the allocator back that serves it, or delete it: capi-vip-allocator uninstall-extension --runtime-extension-config=capi-vip-allocator',
      },
    ])
  })

  it('whose Service may not be read are skipped', () => {
    expect(checkRuntimeExtensions([extension('addons', { unread: 'get Service: forbidden' })])).toEqual([
      { level: 'skipped', found: 'who answers for ExtensionConfig addons: get Service: forbidden' },
    ])
  })
})
