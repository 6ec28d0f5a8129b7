import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { buildExtensionConfig, type Registration } from '../domain/extension/registration.ts'
import { messageOf } from '../domain/quote.ts'
import type { ExtensionConfigs } from '../kubernetes/extension-configs.ts'
import { checkTlsMaterial } from '../kubernetes/transport/certificates.ts'
import type { Log } from '../observability/log.ts'

export interface KeepRegistered {
  /** Its `authority` is a path. */
  readonly registration: Registration
  readonly configs: Pick<ExtensionConfigs, 'apply'>
  /** Whether calls can be answered: before, core must not depend on us. */
  readonly isReady: () => boolean
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly signal: AbortSignal
  readonly timings?: Partial<RegistrationTimings>
}

/** Milliseconds. */
export interface RegistrationTimings {
  /** Between two looks at the file, and between two attempts. */
  readonly checkMs: number
  /** After this time it is applied again, should somebody have deleted it. */
  readonly againMs: number
}

const defaultTimings: RegistrationTimings = { checkMs: 5_000, againMs: 60_000 }

/**
 * Registers the runtime extension with core, and keeps it registered: with the present authority, and again after an upgrade
 * of core's or of our own components has deleted it. Ends with the signal; never rejects.
 */
export async function keepRegistered(options: KeepRegistered): Promise<void> {
  const { registration, configs, isReady, log, signal } = options
  const { checkMs, againMs } = { ...defaultTimings, ...options.timings }
  let applied: { readonly text: string; readonly at: number } | undefined
  let lastFault: string | undefined
  while (!signal.aborted) {
    const now = performance.now()
    try {
      const config = isReady() ? readConfig(registration) : undefined
      const text = JSON.stringify(config)
      const isDue = applied === undefined || applied.text !== text || now - applied.at >= againMs
      if (config !== undefined && isDue) {
        await configs.apply(config, registration.name)
        if (applied?.text !== text)
          log.info('Registered the runtime extension', { object: registration.name })
        applied = { text, at: now }
      }
      lastFault = undefined
    } catch (error) {
      const fault = messageOf(error)
      if (fault !== lastFault) {
        log.warn('Cannot register the runtime extension; trying again', {
          object: registration.name,
          error: fault,
        })
      }
      lastFault = fault
    }
    await delay(applied === undefined ? Math.min(checkMs, 500) : checkMs, undefined, { signal }).catch(
      () => undefined,
    )
  }
}

function readConfig(registration: Registration): ReturnType<typeof buildExtensionConfig> {
  const { authority: path } = registration
  const pem = readFileSync(path)
  checkTlsMaterial({ ca: { source: `authority of the runtime extension ${path}`, pem } })
  return buildExtensionConfig(registration, pem.toString('base64'))
}
