import { describe, expect, it } from '@jest/globals'
import { closeAll } from './close-all.ts'

describe('closing all that was opened', () => {
  it('begins with the newest, and ends nothing twice', async () => {
    const ended: string[] = []
    const closers = ['stack', 'proxy', 'allocator'].map((name) => () => ended.push(name))
    await closeAll(closers)
    await closeAll(closers)
    expect(ended).toEqual(['allocator', 'proxy', 'stack'])
  })

  it('ends the others where some cannot be ended, and says then which', async () => {
    const ended: string[] = []
    const closing = closeAll([
      () => ended.push('stack'),
      () => Promise.reject(new Error('the proxy hangs')),
      () => {
        throw new Error('the allocator is deaf')
      },
    ])
    await expect(closing).rejects.toThrow('could not be ended: the allocator is deaf; the proxy hangs')
    expect(ended).toEqual(['stack'])
  })
})
