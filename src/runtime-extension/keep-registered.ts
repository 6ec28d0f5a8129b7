import { setTimeout as delay } from 'node:timers/promises'
import {
  buildExtensionConfig,
  conflictWith,
  type Registration,
  type RegistrationOwner,
} from '../domain/extension/registration.ts'
import { messageOf } from '../domain/quote.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import type { ExtensionConfigs } from '../kubernetes/extension-configs.ts'
import { checkTlsMaterial } from '../kubernetes/transport/certificates.ts'
import type { Log } from '../observability/log.ts'
import { readPem } from './certificate-files.ts'
import { createCaBundles, type CaBundles } from './ca-bundle.ts'

export interface KeepRegistered {
  /** Its `authority` is a path. */
  readonly registration: Registration
  readonly configs: Pick<ExtensionConfigs, 'get' | 'apply' | 'ownerOf'>
  /** Whether calls can be answered: before, core must not depend on us. */
  readonly isReady: () => boolean
  /** Receives after each attempt why there is no registration; undefined if there is one. */
  readonly onAttempt: (trouble: string | undefined) => void
  /** Receives the caBundle (PEM) each time it was written. */
  readonly onRegistered?: (caBundle: string) => void
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly signal: AbortSignal
  readonly timings?: Partial<RegistrationTimings>
}

/** Milliseconds. */
export interface RegistrationTimings {
  /** Between two looks at the file and at the owner, and between two attempts. */
  readonly checkMs: number
  /** Between two attempts before the first registration. */
  readonly firstMs: number
  /** After this time it is applied again, should somebody have deleted it. */
  readonly againMs: number
}

const defaultTimings: RegistrationTimings = { checkMs: 5_000, firstMs: 500, againMs: 60_000 }

/**
 * Registers the runtime extension with core, and keeps it registered: with the present authority and owner, and again after
 * an upgrade of core's or of our own components has deleted it. Ends with the signal; never rejects.
 *
 * It registers nothing without its owner, since the ExtensionConfig of an allocator that is being removed would outlive it,
 * and never takes the ExtensionConfig of another installation.
 */
export async function keepRegistered(options: KeepRegistered): Promise<void> {
  const { registration, isReady, onAttempt, onRegistered, log, signal } = options
  const { checkMs, firstMs, againMs } = { ...defaultTimings, ...options.timings }
  const object = registration.name
  const bundles = createCaBundles()
  let applied: Applied | undefined
  let lastFault: string | undefined
  while (!signal.aborted) {
    if (isReady()) {
      const { fault, ...outcome } = await attempt(options, bundles, { last: applied, againMs })
      const isNews = outcome.applied?.text !== applied?.text || lastFault !== undefined
      if (outcome.applied !== undefined && isNews) log.info('Registered the runtime extension', { object })
      if (fault !== undefined && fault !== lastFault)
        log.warn('Cannot register the runtime extension; trying again', { object, error: fault })
      if (outcome.applied !== undefined) onRegistered?.(outcome.applied.caBundle)
      applied = outcome.applied ?? applied
      lastFault = fault
      onAttempt(fault)
    }
    await delay(applied === undefined ? Math.min(checkMs, firstMs) : checkMs, undefined, { signal }).catch(
      () => undefined,
    )
  }
}

/** What was written last, and when. */
interface Applied {
  /** With the own authority only: what others have in the ExtensionConfig makes no difference to us. */
  readonly text: string
  readonly at: number
  readonly caBundle: string
}

interface AttemptOptions {
  readonly last: Applied | undefined
  readonly againMs: number
  readonly retries?: number
}

const conflictRetries = 5

/** Writes the ExtensionConfig if it is not as it should be, or is due again. */
async function attempt(
  { registration, configs }: Pick<KeepRegistered, 'registration' | 'configs'>,
  bundles: CaBundles,
  { last, againMs, retries = conflictRetries }: AttemptOptions,
): Promise<{ readonly applied?: Applied; readonly fault?: string }> {
  const { name, owner: ownerName } = registration
  const now = performance.now()
  try {
    const authority = readAuthority(registration)
    const owner = ownerName === undefined ? undefined : await readOwner(configs, ownerName)
    const text = JSON.stringify(buildExtensionConfig(registration, base64(authority), owner))
    if (last?.text === text && now - last.at < againMs) return {}
    const existing = await configs.get(name)
    const conflict = conflictWith(existing, registration, owner)
    if (conflict !== undefined) return { fault: conflict }
    const caBundle = bundles.merge(authority, existing?.caBundle)
    const config = buildExtensionConfig(registration, base64(caBundle), owner)
    await configs.apply(config, name, existing?.resourceVersion)
    return { applied: { text, at: now, caBundle } }
  } catch (error) {
    // Another replica, or core, has written meanwhile.
    if (isKubernetesError(error, 'conflict') && retries > 0) {
      return attempt({ registration, configs }, bundles, { last, againMs, retries: retries - 1 })
    }
    return { fault: messageOf(error) }
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

async function readOwner(configs: KeepRegistered['configs'], name: string): Promise<RegistrationOwner> {
  const owner = await configs.ownerOf(name)
  if (owner === undefined) {
    throw new Error(`ClusterRole ${name}, its owner, does not exist, or is being deleted`)
  }
  return owner
}

function readAuthority({ authority: path }: Registration): string {
  const ca = readPem('authority of the runtime extension (--runtime-extension-ca)', path)
  checkTlsMaterial({ ca })
  return Buffer.from(ca.pem).toString('utf8')
}
