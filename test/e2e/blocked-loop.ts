/**
 * Loaded before the program (`node --import`): SIGUSR2 blocks the event loop for so many milliseconds, as an endless
 * computation would.
 */
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env['BLOCK_LOOP_MS']))
})
