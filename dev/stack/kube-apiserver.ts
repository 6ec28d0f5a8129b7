import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

/** Files for the API server and its clients. */
export interface KubeApiserverFiles {
  /** Certificate for 127.0.0.1 with its authority, which the API server writes at its first start. */
  readonly certificatePath: string
  readonly certificateKeyPath: string
  readonly tokenFilePath: string
  readonly serviceAccountKeyPath: string
}

/** Writes these files; `token` becomes the administrator's. */
export function writeKubeApiserverFiles(runDirectory: string, token: string): KubeApiserverFiles {
  const directory = join(runDirectory, 'kube-apiserver')
  mkdirSync(directory)
  const files = {
    certificatePath: join(directory, 'apiserver.crt'),
    certificateKeyPath: join(directory, 'apiserver.key'),
    tokenFilePath: join(directory, 'tokens.csv'),
    serviceAccountKeyPath: join(directory, 'service-account.key'),
  }
  writeFileSync(files.tokenFilePath, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'sec1', format: 'pem' })
  writeFileSync(files.serviceAccountKeyPath, pem, { mode: 0o600 })
  return files
}

/** The API server on loopback, with RBAC. etcd keeps its data. */
export function kubeApiserverPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly port: number
  readonly etcdClientPort: number
  readonly files: KubeApiserverFiles
}): PartDefinition {
  const { files } = options
  return {
    name: 'kube-apiserver',
    command: options.program,
    args: [
      `--etcd-servers=http://127.0.0.1:${options.etcdClientPort}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // A loopback address is no valid endpoint of the service "kubernetes", which is unused here.
      '--endpoint-reconciler-type=none',
      `--secure-port=${options.port}`,
      `--cert-dir=${join(options.runDirectory, 'kube-apiserver')}`,
      `--token-auth-file=${files.tokenFilePath}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${files.serviceAccountKeyPath}`,
      `--service-account-signing-key-file=${files.serviceAccountKeyPath}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
    ],
    logPath: join(options.runDirectory, 'kube-apiserver.log'),
    // Without a token, this succeeds only once the default RBAC rules exist.
    isReady: () => answersOk(`https://127.0.0.1:${options.port}/readyz`, files.certificatePath),
    readyWithinMs: 120_000,
  }
}
