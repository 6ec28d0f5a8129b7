import { messageOf } from '../../domain/quote.ts'
import type { Log } from '../../observability/log.ts'
import { changesBetween, readAccess, type Access } from './access.ts'
import { createCredentialSource, type Credentials, type CredentialSource } from './credentials.ts'
import type { KubeConfig } from './kube-config-fields.ts'

const unusable = 'Cannot use the changed credentials for the API server; the old ones stay in use'

export interface RenewalOptions {
  readonly kubeConfig: KubeConfig
  /** The kubeconfig, for messages. */
  readonly origin: string
  /** Reads the kubeconfig again. @throws Error if that cannot be used */
  readonly reload: () => KubeConfig
  /** Rejects if the API server refuses these credentials, or does not answer. */
  readonly verify: (credentials: CredentialSource) => Promise<void>
  readonly log: Pick<Log, 'info' | 'warn'> | undefined
}

/** Credentials that follow their files. */
export interface RenewingCredentials extends CredentialSource {
  /** Reads the files again, and goes over to what has changed if the API server accepts it. Never rejects. */
  check(): Promise<void>
}

interface Active {
  readonly access: Access
  readonly source: CredentialSource
}

/**
 * Begins with a kubeconfig at the first request. What has changed later is verified with the API server before it is used,
 * so that a bad file costs nothing while the old credentials work.
 */
export function createRenewingCredentials(options: RenewalOptions): RenewingCredentials {
  const { kubeConfig, origin, reload, verify, log } = options
  let active: Active | undefined
  let isFirst = true
  let isRefused = false
  let lastFault: string | undefined
  let checking: Promise<void> | undefined

  const begin = (): Active => {
    const given = isFirst ? kubeConfig : reload()
    isFirst = false
    const access = readAccess(given, origin)
    return { access, source: createCredentialSource(access) }
  }

  async function compare(before: Active): Promise<void> {
    try {
      const access = readAccess(reload(), origin)
      const changes = changesBetween(before.access, access)
      if (changes.length > 0) {
        const source = createCredentialSource(access)
        await verify(source)
        active = { access, source }
        log?.info('Read the credentials for the API server again', { changed: changes.join(', ') })
      }
      lastFault = undefined
    } catch (error) {
      const fault = messageOf(error)
      if (fault !== lastFault) log?.warn(unusable, { error: fault })
      lastFault = fault
    }
  }

  const check = async (): Promise<void> => {
    if (active === undefined) return
    checking ??= compare(active).finally(() => (checking = undefined))
    await checking
    isRefused = false
  }

  return {
    async read(): Promise<Credentials> {
      active ??= begin()
      // Credentials that work need not wait for a verification, which may take its time.
      if (isRefused) await check()
      return active.source.read()
    },
    renew() {
      active?.source.renew()
      // After a failed verification, the next one waits for its time.
      isRefused = lastFault === undefined
    },
    check,
  }
}
