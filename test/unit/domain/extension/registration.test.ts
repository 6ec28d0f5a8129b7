import { describe, expect, it } from '@jest/globals'
import {
  buildExtensionConfig,
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
    expect(buildExtensionConfig({ name: 'vip', address, authority: '/ca', namespaces }, 'Y2E=')).toEqual({
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
      return buildExtensionConfig({ name: 'vip', address, authority: '', namespaces: [] }, '')['spec']
    }
    expect(built('https://x:1')).toEqual({
      clientConfig: { url: 'https://x:1', caBundle: '' },
      namespaceSelector: { matchExpressions: [] },
    })
    expect(built('a/b')).toMatchObject({ clientConfig: { service: { namespace: 'a', name: 'b' } } })
  })

  it('is for the Namespaces that are served, or for all', () => {
    expect(namespacesNamed(['a', 'b'])).toEqual([
      { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] },
    ])
    expect(namespacesNamed([])).toEqual([])
  })
})
