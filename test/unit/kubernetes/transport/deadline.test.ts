import { describe, expect, it } from '@jest/globals'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { before } from '../../../../src/kubernetes/transport/deadline.ts'

const reason = new Error('stopped')

describe('work with a signal', () => {
  it('returns the result of the work if that comes first', async () => {
    const { signal } = new AbortController()
    expect(await before(signal, Promise.resolve('done'))).toBe('done')
    await expect(before(signal, Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  })

  it('rejects with the reason of the signal if that comes first', async () => {
    const controller = new AbortController()
    const outcome = before(controller.signal, new Promise(() => undefined))
    controller.abort(reason)
    await expect(outcome).rejects.toBe(reason)
  })

  it.each([
    { when: 'before the work has begun', isAborted: true },
    { when: 'while it runs', isAborted: false },
  ])('leaves no rejection unhandled if the signal is aborted $when', async ({ isAborted }) => {
    const work = Promise.withResolvers<never>()
    const controller = new AbortController()
    if (isAborted) controller.abort(reason)
    const outcome = before(controller.signal, work.promise)
    controller.abort(reason)
    await expect(outcome).rejects.toBe(reason)
    work.reject(new Error('failed too late'))
    // Jest fails a test in which Node finds that nobody handles a rejection, which it does after all microtasks.
    await nextTurn()
  })
})
