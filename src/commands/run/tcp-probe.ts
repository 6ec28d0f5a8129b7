import { connect } from 'node:net'
import type { ProbePort } from '../../activities/probe-address.ts'

/**
 * Connects to a TCP port, and closes the connection at once. Everything but an accepted or a refused connection is no answer: a
 * router that knows no such host says so, too. A process that stood still for the whole time finds an answer that came
 * meanwhile: it looks at its sockets once more before it gives up.
 */
export const probeTcp: ProbePort = (address, port, timeoutMs) =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const timer = setTimeout(() => setImmediate(() => socket.destroy()), timeoutMs)
    socket.once('connect', () => {
      resolve('accepted')
      socket.destroy()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : undefined)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
