import { readFileSync } from 'node:fs'

import { Agent, request } from 'undici'

/** Whether a URL on loopback responds with 200; `caPath` is the PEM file of an https server's certificate authority. */
export async function answersOk(url: string, caPath?: string): Promise<boolean> {
  const connect = caPath === undefined ? {} : { ca: readFileSync(caPath, 'utf8') }
  const dispatcher = new Agent({ connect, headersTimeout: 2000, bodyTimeout: 2000 })
  try {
    const answer = await request(url, { dispatcher })
    await answer.body.dump()
    return answer.statusCode === 200
  } finally {
    await dispatcher.close()
  }
}
