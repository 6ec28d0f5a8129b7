import { describe, expect, it } from '@jest/globals'
import { extensionConfigFrom } from '../../../../src/domain/model/extension-config.ts'
import {
  buildExtensionConfig,
  conflictWith,
  extensionAddressFrom,
  namespacesNamed,
} from '../../../../src/domain/extension/registration.ts'

describe('where core reaches the extension', () => {
  it.each([
    ['https://127.0.0.1:9443', { url: 'https://127.0.0.1:9443' }],
    ['vip-system/vip', { namespace: 'vip-system', service: 'vip', port: undefined }],
    ['vip-system/vip:8443', { namespace: 'vip-system', service: 'vip', port: 8443 }],
    ['http://127.0.0.1:9443', undefined],
    ['vip', undefined],
    ['vip-system/vip:x', undefined],
    ['vip-system/vip/more', undefined],
    ['', undefined],
  ])('%s is %p', (text, address) => {
    expect(extensionAddressFrom(text)).toEqual(address)
  })
})

describe('the ExtensionConfig', () => {
  it('has the address, the authority, and the Namespaces', () => {
    const address = { namespace: 'vip-system', service: 'vip', port: 443 }
    const namespaces = [
      { key: 'team', operator: 'In' as const, values: ['blue', 'red'] },
      { key: 'legacy', operator: 'DoesNotExist' as const, values: [] },
    ]
    const registration = { name: 'vip', address, authority: '/ca', namespaces, owner: undefined }
    expect(buildExtensionConfig(registration, 'Y2E=', undefined)).toEqual({
      kind: 'ExtensionConfig',
      metadata: { name: 'vip' },
      spec: {
        clientConfig: { service: { namespace: 'vip-system', name: 'vip', port: 443 }, caBundle: 'Y2E=' },
        namespaceSelector: {
          matchExpressions: [
            { key: 'team', operator: 'In', values: ['blue', 'red'] },
            { key: 'legacy', operator: 'DoesNotExist' },
          ],
        },
      },
    })
  })

  it('has a URL, or a Service at its usual port', () => {
    const built = (text: string): unknown => {
      const address = extensionAddressFrom(text)
      if (address === undefined) return undefined
      const registration = { name: 'vip', address, authority: '', namespaces: [], owner: undefined }
      return buildExtensionConfig(registration, '', undefined)['spec']
    }
    expect(built('https://x:1')).toEqual({
      clientConfig: { url: 'https://x:1', caBundle: '' },
      namespaceSelector: { matchExpressions: [] },
    })
    expect(built('a/b')).toMatchObject({ clientConfig: { service: { namespace: 'a', name: 'b' } } })
  })

  it('is owned by the ClusterRole as it is now', () => {
    const address = { url: 'https://x' }
    const registration = { name: 'vip', address, authority: '', namespaces: [], owner: 'vip-hooks' }
    expect(buildExtensionConfig(registration, '', { name: 'vip-hooks', uid: '1' })['metadata']).toEqual({
      name: 'vip',
      ownerReferences: [
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'vip-hooks', uid: '1' },
      ],
    })
  })

  it('is for the Namespaces that are served, or for all', () => {
    expect(namespacesNamed(['a', 'b'])).toEqual([
      { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] },
    ])
    expect(namespacesNamed([])).toEqual([])
  })
})

describe('an ExtensionConfig of the name that is to be registered', () => {
  const ours = { name: 'vip', address: { namespace: 'east', service: 'hooks', port: undefined } }
  const owner = { name: 'vip-hooks', uid: '1' }
  const existing = (clientConfig: object, ownerUid?: string) =>
    extensionConfigFrom({
      metadata: { name: 'vip', ...(ownerUid !== undefined && { ownerReferences: [{ uid: ownerUid }] }) },
      spec: { clientConfig },
    })
  const at = (namespace: string, name: string, port?: number): object => ({
    service: { namespace, name, ...(port !== undefined && { port }) },
  })

  it.each([
    ['is absent', undefined, owner],
    ['leads to our Service, at whichever port', existing(at('east', 'hooks', 8443)), owner],
    ['leads to our Service, and had another owner', existing(at('east', 'hooks'), '0'), owner],
    ['leads elsewhere, and has our owner', existing(at('east', 'renamed'), '1'), owner],
    ['leads to our Service, and has no owner', existing(at('east', 'hooks')), undefined],
  ])('is ours if it %s', (_, found, by) => {
    expect(conflictWith(found, ours, by)).toBeUndefined()
  })

  it.each([
    ['another Service', existing(at('west', 'hooks')), owner, 'Service west/hooks'],
    ['the Service of another owner', existing(at('east', 'other'), '2'), owner, 'Service east/other'],
    ['the Service of some owner, where we have none', existing(at('w', 'x'), '2'), undefined, 'Service w/x'],
    ['a URL', existing({ url: 'https://vip' }), undefined, 'https://vip'],
    ['nowhere', existing({}), owner, 'nowhere'],
  ])('is that of another installation if it leads to %s', (_, found, by, where) => {
    expect(conflictWith(found, ours, by)).toBe(
      `ExtensionConfig vip is that of another installation: it leads to ${where}, not to Service east/hooks`,
    )
  })
})
