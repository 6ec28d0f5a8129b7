import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

/** etcd for one API server. It does not sync to disk, because its data is worthless after the run. */
export function etcdPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly clientPort: number
  readonly peerPort: number
}): PartDefinition {
  const clientUrl = `http://127.0.0.1:${options.clientPort}`
  const peerUrl = `http://127.0.0.1:${options.peerPort}`
  const dataPath = join(options.runDirectory, 'etcd')
  return {
    name: 'etcd',
    command: options.program,
    args: [
      `--data-dir=${dataPath}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    logPath: join(options.runDirectory, 'etcd.log'),
    dataPath,
    isReady: () => answersOk(`${clientUrl}/health`),
    readyWithinMs: 60_000,
  }
}
