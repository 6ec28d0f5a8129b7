import type { Worker } from 'node:worker_threads'

/**
 * Loaded before the program (`node --import`). SIGUSR2 does what the variable says: `block 7000` blocks the event loop
 * for so many milliseconds, as an endless computation would; `end-threads` ends all other threads, as one ends that has
 * run out of memory; `keep-threads` keeps them from being ended, as one is left that a Worker has given up.
 */
const [harm, ms] = (process.env['HARM_ON_SIGNAL'] ?? '').split(' ')
const threads: Worker[] = []

process.on('worker', (thread) => threads.push(thread))
process.on('SIGUSR2', () => {
  if (harm === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms))
  else if (harm === 'keep-threads') for (const thread of threads) thread.terminate = async () => 0
  else for (const thread of threads) void thread.terminate()
})
