import type { Worker } from 'node:worker_threads'

/**
 * Loaded before the program (`node --import`). On SIGUSR2 it injects the fault that the variable names:
 * - `block 7000` blocks the event loop for so many milliseconds, like an endless computation;
 * - `end-threads` terminates all other threads, like one that has run out of memory;
 * - `keep-threads` prevents their termination, like a thread that a Worker has abandoned.
 */
const [fault, ms] = (process.env['FAULT_ON_SIGNAL'] ?? '').split(' ')
const threads: Worker[] = []

process.on('worker', (thread) => threads.push(thread))
process.on('SIGUSR2', () => {
  if (fault === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms))
  else if (fault === 'keep-threads') for (const thread of threads) thread.terminate = async () => 0
  else for (const thread of threads) void thread.terminate()
})
