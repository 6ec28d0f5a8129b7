import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '../../support/eventually.ts'
import { gatherEvidence, offerEvidence, timeoutError } from '../../support/evidence.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

/** Offers a source during a test. */
function offer(title: string, collect: (about: string) => Promise<string>): void {
  ends.push(offerEvidence({ title, collect }))
}

describe('a wait that is in vain', () => {
  const failure = new Error('not yet')
  const inVain = (): Promise<unknown> => eventually('a miracle', () => Promise.reject(failure), 1)

  it('shows what every source tells of it, and the last failure', async () => {
    offer('objects', async (about) => `asked about "${about}"`)
    offer('log', async () => 'a line')
    await expect(inVain()).rejects.toMatchObject({
      message:
        'timed out waiting for a miracle\n\n── objects ──\nasked about "timed out waiting for a miracle"\n\n── log ──\na line\n',
      cause: failure,
    })
  })

  it('has no more to say where nobody has', async () => {
    await expect(inVain()).rejects.toMatchObject({
      message: 'timed out waiting for a miracle',
      cause: failure,
    })
  })

  it('is what it was where sources fail', async () => {
    offer('away', () => Promise.reject(new Error('connection refused')))
    offer('broken', () => {
      throw new TypeError('no such field')
    })
    const { message, cause } = await timeoutError('a miracle', failure)
    expect(message).toMatch(/^timed out waiting for a miracle\n/)
    expect(message).toContain('── away ──\nfailed: connection refused')
    expect(message).toContain('── broken ──\nfailed: no such field')
    expect(cause).toBe(failure)
  })

  it('asks nobody who has ended, and the latest under a title', async () => {
    offer('log', async () => 'of the first')
    offer('log', async () => 'of the second')
    offer('gone', async () => 'still here')
    ends.pop()?.()
    expect((await timeoutError('a miracle')).message).toBe(
      'timed out waiting for a miracle\n\n── log ──\nof the second\n',
    )
  })
})

describe('a wait that succeeds', () => {
  it('asks nobody', async () => {
    let asked = 0
    offer('objects', async () => String((asked += 1)))
    expect(await eventually('an answer', async () => 'here')).toBe('here')
    expect(asked).toBe(0)
  })
})

describe('evidence', () => {
  it('is limited in time', async () => {
    offer('hangs', () => new Promise(() => undefined))
    offer('answers', async () => 'here')
    expect(await gatherEvidence('a miracle', { withinMs: 5, length: 100 })).toBe(
      '── hangs ──\nno answer within 0.005 s\n\n── answers ──\nhere',
    )
  })

  it('is limited in length, and keeps begin and end', async () => {
    offer('log', async () => `first${'.'.repeat(100)}last`)
    expect(await gatherEvidence('a miracle', { withinMs: 1_000, length: 10 })).toBe(
      '── log ──\nfirst\n… 99 characters left out …\n.last',
    )
  })

  it('is gathered once for waits that give up at once', async () => {
    let asked = 0
    offer('objects', async () => String((asked += 1)))
    const errors = await Promise.all([timeoutError('a'), timeoutError('b')])
    expect(errors.map(({ message }) => message.split('\n')[0])).toEqual([
      'timed out waiting for a',
      'timed out waiting for b',
    ])
    expect(asked).toBe(1)
  })
})
