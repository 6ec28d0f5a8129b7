import { describe, expect, it } from '@jest/globals'
import { gateAnswerFor } from '../../../../src/domain/extension/gate-answer.ts'
import type { PatchRequest, TemplateItem } from '../../../../src/domain/extension/hook-request.ts'
import type { RenderedVip } from '../../../../src/domain/extension/rendered-vip.ts'
import { patchAnswerFor } from '../../../../src/domain/extension/template-patches.ts'
import { aCluster } from '../../../support/builders.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const assigned: RenderedVip = { state: 'assigned', endpoint, address: '10.0.0.10' }
const infrastructure = itemOf('infra', 'spec.infrastructureRef', {})
const endpointPatch = {
  uid: 'infra',
  patchType: 'JSONMergePatch',
  patch: { spec: { template: { spec: { controlPlaneEndpoint: endpoint } } } },
}

function itemOf(uid: string, fieldPath: string, spec: object, holderKind = 'Cluster'): TemplateItem {
  const object = { kind: 'DemoTemplate', metadata: { name: 't' }, spec: { template: { spec } } }
  return { uid, holderKind, fieldPath, object }
}

function controlPlaneOf(spec: object): TemplateItem {
  return itemOf('cp', 'spec.controlPlaneRef', spec)
}

function requestOf(settings: PatchRequest['settings'], ...items: readonly TemplateItem[]): PatchRequest {
  return { cluster: { namespace: 'clusters', name: 'demo', uid: 'u' }, settings, items }
}

describe('an assigned VIP', () => {
  it('goes into the endpoint of the template of the infrastructure, and nowhere else', () => {
    const request = requestOf(
      {},
      controlPlaneOf({ text: 'VIP' }),
      infrastructure,
      itemOf('machines', 'spec.machineTemplate.spec.infrastructureRef', {}, 'KubeadmControlPlane'),
      itemOf('other', 'spec.infrastructureRef', {}, 'MachineDeployment'),
    )
    expect(patchAnswerFor(request, assigned)).toEqual({ status: 'Success', patches: [endpointPatch] })
  })

  it('takes the place of the token wherever the control plane template has it', () => {
    const item = controlPlaneOf({
      text: 'address: VIP, again VIP',
      list: [1, null, { 'a/b~c': 'VIP' }, 'other'],
      flag: true,
    })
    expect(patchAnswerFor(requestOf({ vipToken: 'VIP' }, infrastructure, item), assigned)).toEqual({
      status: 'Success',
      patches: [
        endpointPatch,
        {
          uid: 'cp',
          patchType: 'JSONPatch',
          patch: [
            { op: 'replace', path: '/spec/template/spec/text', value: 'address: 10.0.0.10, again 10.0.0.10' },
            { op: 'replace', path: '/spec/template/spec/list/2/a~1b~0c', value: '10.0.0.10' },
          ],
        },
      ],
    })
  })

  it('takes the place of a token that is special to a replacement, as it is', () => {
    const vip: RenderedVip = { state: 'assigned', endpoint, address: '$&' }
    const request = requestOf({ vipToken: '$&.' }, infrastructure, controlPlaneOf({ text: '$&.' }))
    expect(patchAnswerFor(request, vip).patches[1]).toMatchObject({ patch: [{ value: '$&' }] })
  })

  it('goes to the paths of the settings', () => {
    const settings = {
      vipPath: '/spec/template/spec/vip, /spec/template/spec/list/0,/spec/template/spec/list/-',
    }
    const request = requestOf(settings, infrastructure, controlPlaneOf({ list: [] }))
    expect(patchAnswerFor(request, assigned).patches[1]).toEqual({
      uid: 'cp',
      patchType: 'JSONPatch',
      patch: [
        { op: 'add', path: '/spec/template/spec/vip', value: '10.0.0.10' },
        { op: 'add', path: '/spec/template/spec/list/0', value: '10.0.0.10' },
        { op: 'add', path: '/spec/template/spec/list/-', value: '10.0.0.10' },
      ],
    })
  })

  it.each([
    [
      { vipToken: 'VIP' },
      { text: 'other' },
      'settings.vipToken is "VIP", expected a text that spec.template.spec of DemoTemplate t contains',
    ],
    [{ vipToken: '' }, {}, 'settings.vipToken is "", expected a text of DemoTemplate t'],
    [
      { vipPath: '/spec/other' },
      {},
      'settings.vipPath is "/spec/other", expected JSON pointers that begin with /spec/template/spec/',
    ],
    [
      { vipPath: ' ' },
      {},
      'settings.vipPath is " ", expected JSON pointers that begin with /spec/template/spec/',
    ],
    [
      { vipPath: '/spec/template/spec/a/b' },
      {},
      'settings.vipPath is "/spec/template/spec/a/b", expected a field of an object or list that DemoTemplate t has',
    ],
    [
      { vipPath: '/spec/template/spec/list/2' },
      { list: ['one'] },
      'settings.vipPath is "/spec/template/spec/list/2", expected a field of an object or list that DemoTemplate t has',
    ],
    [
      { vipPath: '/spec/template/spec/text/x' },
      { text: 'x' },
      'settings.vipPath is "/spec/template/spec/text/x", expected a field of an object or list that DemoTemplate t has',
    ],
    [
      { vipPath: '/spec/template/spec/' },
      {},
      'settings.vipPath is "/spec/template/spec/", expected a field of an object or list that DemoTemplate t has',
    ],
  ])('is no half patch where the settings do not fit the template: %p', (settings, spec, message) => {
    const request = requestOf(settings, infrastructure, controlPlaneOf(spec))
    expect(patchAnswerFor(request, assigned)).toEqual({ status: 'Failure', message, patches: [] })
  })

  it('that is a name only is no half patch where the settings want an address', () => {
    const vip: RenderedVip = { state: 'assigned', endpoint: { host: 'a.b', port: 1 }, address: undefined }
    const request = (settings: PatchRequest['settings']): PatchRequest =>
      requestOf(settings, infrastructure, controlPlaneOf({ text: 'VIP' }))
    expect(patchAnswerFor(request({ vipToken: 'VIP' }), vip)).toEqual({
      status: 'Failure',
      message: 'endpoint "a.b" is a name, and the Cluster has no VIP for settings.vipToken',
      patches: [],
    })
    expect(patchAnswerFor(request({ vipPath: '/x' }), vip).message).toBe(
      'endpoint "a.b" is a name, and the Cluster has no VIP for settings.vipPath',
    )
    expect(patchAnswerFor(request({}), vip).status).toBe('Success')
  })

  it('finds no token in a template that is nested without end', () => {
    let spec: object = { text: 'VIP' }
    for (let depth = 0; depth < 10_000; depth += 1) spec = { spec }
    const request = requestOf({ vipToken: 'VIP' }, infrastructure, controlPlaneOf(spec))
    expect(patchAnswerFor(request, assigned).status).toBe('Failure')
  })

  it('needs a template of the infrastructure', () => {
    expect(patchAnswerFor(requestOf({}, controlPlaneOf({})), assigned)).toEqual({
      status: 'Failure',
      message: 'the request has no item with fieldPath spec.infrastructureRef of a Cluster',
      patches: [],
    })
  })
})

describe('without a VIP', () => {
  it('a Cluster that wants none is rendered as its class says', () => {
    expect(patchAnswerFor(requestOf({ vipToken: 'VIP' }, infrastructure), { state: 'unwanted' })).toEqual({
      status: 'Success',
      patches: [],
    })
  })

  it('a Cluster that waits is not rendered', () => {
    const vip: RenderedVip = { state: 'pending', comesSoon: true, message: 'not yet' }
    expect(patchAnswerFor(requestOf({}, infrastructure), vip)).toEqual({
      status: 'Failure',
      message: 'not yet',
      patches: [],
    })
  })
})

describe('the gate', () => {
  const pending: RenderedVip = { state: 'pending', comesSoon: true, message: 'not yet' }
  const open = { status: 'Success', retryAfterSeconds: 0 }

  it('lets through who is not served, or wants no VIP', () => {
    expect(gateAnswerFor(aCluster(), undefined)).toEqual(open)
    expect(gateAnswerFor(aCluster(), { state: 'unwanted' })).toEqual(open)
  })

  it('opens for a Cluster that has its endpoint in the request', () => {
    expect(gateAnswerFor(aCluster({ endpoint }), pending)).toEqual(open)
  })

  it('holds back a Cluster without endpoint, with the reason', () => {
    expect(gateAnswerFor(aCluster(), pending)).toEqual({
      status: 'Success',
      message: 'not yet',
      retryAfterSeconds: 1,
    })
  })

  it('holds back a Cluster whose endpoint core has not read yet', () => {
    expect(gateAnswerFor(aCluster(), assigned)).toEqual({
      status: 'Success',
      message: 'the control-plane VIP of Cluster clusters/demo has just been assigned',
      retryAfterSeconds: 1,
    })
  })
})
