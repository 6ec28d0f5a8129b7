import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { loopback } from './ports.ts'
import { answersOk } from './readiness.ts'

/** Files for the API server and its clients. */
export interface KubeApiserverFiles {
  /** Certificate for its address with its authority, which the API server writes at its first start. */
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

/** No Pod runs: a loopback address is no valid endpoint of the service "kubernetes", and nobody needs an account. */
const withoutNode = ['--endpoint-reconciler-type=none', '--disable-admission-plugins=ServiceAccount']
/** The kubelet, for logs and commands in Pods. No DNS has its name. */
const withNode = ['--kubelet-preferred-address-types=InternalIP']

/** The API server with RBAC, on loopback or on the address of a node. etcd keeps its data. */
export function kubeApiserverPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly port: number
  readonly etcdClientPort: number
  readonly files: KubeApiserverFiles
  /** Absent if no Pod runs. */
  readonly nodeAddress?: string | undefined
}): PartDefinition {
  const { files, nodeAddress } = options
  const address = nodeAddress ?? loopback
  return {
    name: 'kube-apiserver',
    command: options.program,
    args: [
      `--etcd-servers=http://127.0.0.1:${options.etcdClientPort}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      `--secure-port=${options.port}`,
      `--cert-dir=${join(options.runDirectory, 'kube-apiserver')}`,
      `--token-auth-file=${files.tokenFilePath}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${files.serviceAccountKeyPath}`,
      `--service-account-signing-key-file=${files.serviceAccountKeyPath}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      ...(nodeAddress === undefined ? withoutNode : withNode),
    ],
    logPath: join(options.runDirectory, 'kube-apiserver.log'),
    // Without a token, this succeeds only once the default RBAC rules exist.
    isReady: () => answersOk(`https://${address}:${options.port}/readyz`, files.certificatePath),
    readyWithinMs: 120_000,
  }
}
