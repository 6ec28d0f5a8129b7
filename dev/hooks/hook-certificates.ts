import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeAuthority, type KeyPair } from '../../test/support/make-certificates.ts'

/** Certificates of the runtime extension on this machine, and of the only client that it answers. */
export interface HookCertificates {
  /** Flags of a replica. */
  readonly flags: readonly string[]
  /** PEM of the authority of all replicas, and its path. */
  readonly authority: string
  readonly authorityPath: string
  readonly client: KeyPair
  /** Of a server that takes the place of a Service. */
  readonly front: KeyPair
}

/** @param options `isOpenToAll`: replicas answer also without a client certificate, which core of the stack has none of */
export function writeHookCertificates(
  directory: string,
  { isOpenToAll = false }: { readonly isOpenToAll?: boolean } = {},
): HookCertificates {
  const authority = makeAuthority('runtime extension')
  const clients = makeAuthority('clients of the runtime extension')
  mkdirSync(directory, { recursive: true })
  const write = (name: string, text: string): string => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const { cert, key } = authority.issue('replica')
  return {
    flags: [
      `--runtime-extension-certificate=${write('tls.crt', cert)}`,
      `--runtime-extension-key=${write('tls.key', key)}`,
      ...(isOpenToAll ? [] : [`--runtime-extension-client-ca=${write('clients.crt', clients.cert)}`]),
    ],
    authority: authority.cert,
    authorityPath: write('ca.crt', authority.cert),
    client: clients.issue('client'),
    front: authority.issue('front'),
  }
}
