import { describe, expect, it } from '@jest/globals'
import {
  describeAddress,
  failedCallIn,
  extensionConfigFrom,
  mayBeCalledFor,
} from '../../../../src/domain/model/extension-config.ts'

const spec = { clientConfig: { service: { namespace: 'hooks', name: 'vips', port: 8443 } } }

describe('an ExtensionConfig', () => {
  it('has the handlers that Cluster API has discovered', () => {
    const handlers = [
      { name: 'vip.vips', requestHook: { hook: 'GeneratePatches' }, failurePolicy: 'Ignore' },
      { name: 'gate.vips', requestHook: { hook: 'BeforeClusterCreate' }, failurePolicy: 'Fail' },
      { name: 'variables.vips', requestHook: { hook: 'DiscoverVariables' } },
    ]
    const config = extensionConfigFrom({ metadata: { name: 'vips' }, spec, status: { handlers } })
    expect(config).toMatchObject({ name: 'vips', isOurs: false })
    expect(config.handlers).toEqual([
      { name: 'vip.vips', hook: 'GeneratePatches', isOurs: false, isFailClosed: false, namespaces: [] },
      { name: 'gate.vips', hook: 'BeforeClusterCreate', isOurs: false, isFailClosed: true, namespaces: [] },
      {
        name: 'variables.vips',
        hook: 'DiscoverVariables',
        isOurs: false,
        isFailClosed: true,
        namespaces: [],
      },
    ])
  })

  it('has none before that', () => {
    expect(extensionConfigFrom({ spec })).toMatchObject({ handlers: [], undiscovered: undefined })
  })

  it.each([
    [spec.clientConfig, { namespace: 'hooks', service: 'vips', port: 8443 }, 'Service hooks/vips'],
    [
      { service: { namespace: 'hooks', name: 'vips' } },
      { namespace: 'hooks', service: 'vips', port: undefined },
      'Service hooks/vips',
    ],
    [{ url: 'https://vips:1' }, { url: 'https://vips:1' }, 'https://vips:1'],
    [{}, undefined, 'nowhere'],
  ])('leads where %j says', (clientConfig, address, words) => {
    expect(extensionConfigFrom({ spec: { clientConfig } }).address).toEqual(address)
    expect(describeAddress(address)).toBe(words)
  })

  it.each([
    ['False', 'connection refused'],
    ['True', undefined],
    ['Unknown', undefined],
  ])('whose condition Discovered is %s has the failure %s', (status, undiscovered) => {
    const conditions = [
      { type: 'Paused', status: 'False', message: 'no' },
      { type: 'Discovered', status, message: 'connection refused' },
    ]
    expect(extensionConfigFrom({ spec, status: { conditions } }).undiscovered).toBe(undiscovered)
  })

  it.each<[string, object, boolean]>([
    [
      'that we have applied',
      { managedFields: [{ manager: 'manager' }, { manager: 'capi-vip-allocator' }] },
      true,
    ],
    ['of our name', { name: 'capi-vip-allocator' }, true],
    ['with our label', { labels: { 'app.kubernetes.io/name': 'capi-vip-allocator' } }, true],
    ['of somebody else', { name: 'vips', managedFields: [{ manager: 'kubectl' }] }, false],
    ['of the predecessor', { name: 'vip-allocator' }, false],
  ])('%s says whether it is ours', (_, metadata, isOurs) => {
    const { handlers } = extensionConfigFrom({ metadata, spec, status: { handlers: [{ name: 'a.b' }] } })
    expect(handlers.map((handler) => handler.isOurs)).toEqual([isOurs])
    expect(extensionConfigFrom({ metadata, spec }).isOurs).toBe(isOurs)
  })

  it('is called for the namespaces of its selector, as far as their names say', () => {
    const calledFor = (namespaceSelector: object): readonly string[] => {
      const status = { handlers: [{ name: 'a.b' }] }
      const { handlers } = extensionConfigFrom({ spec: { ...spec, namespaceSelector }, status })
      return ['blue', 'green'].filter((name) => handlers.some((handler) => mayBeCalledFor(handler, name)))
    }
    const key = 'kubernetes.io/metadata.name'
    expect(calledFor({})).toEqual(['blue', 'green'])
    expect(calledFor({ matchLabels: { [key]: 'blue' } })).toEqual(['blue'])
    expect(calledFor({ matchLabels: { [key]: 'blue', tenant: 'a' } })).toEqual(['blue'])
    expect(calledFor({ matchLabels: { tenant: 'a' } })).toEqual(['blue', 'green'])
    expect(calledFor({ matchExpressions: [{ key, operator: 'NotIn', values: ['blue'] }] })).toEqual(['green'])
  })
})

describe('the caBundle of an ExtensionConfig', () => {
  it.each([
    [btoa('a certificate'), 'a certificate'],
    ['', undefined],
    ['?', undefined],
    [undefined, undefined],
  ])('is read from %j', (caBundle, pem) => {
    const clientConfig = { url: 'https://vips', caBundle }
    expect(extensionConfigFrom({ spec: { clientConfig } }).caBundle).toBe(pem)
  })
})

describe('a message of core', () => {
  it.each([
    [
      'failed to call extension handler "patch.vips": http call failed: Post "https://x": EOF',
      { handler: 'patch.vips', cause: 'no-answer', why: 'http call failed: Post "https://x": EOF' },
    ],
    [
      'failed to call extension handler "patch.vips": namespaceSelector did not match object a/b',
      { handler: 'patch.vips', cause: 'unselected', why: 'namespaceSelector did not match object a/b' },
    ],
    ['failed to call extension handler "patch.vips": got failure response with message: no', undefined],
    ['variable "clusterVip" does not exist', undefined],
  ])('names a call that has failed: %s', (message, call) => {
    expect(failedCallIn(`error computing the desired state: ${message}`)).toEqual(call)
  })
})
