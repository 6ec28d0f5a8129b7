import { readFileSync } from 'node:fs'

import { Agent, request } from 'undici'

/** Whether a URL on loopback answers 200 now; `caPath` is the PEM file by which an https server is known. */
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
