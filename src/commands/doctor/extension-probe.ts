import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { ExtensionAddress, ExtensionConfig } from '../../domain/model/extension-config.ts'
import { messageOf } from '../../domain/quote.ts'
import type { ExtensionProbe } from './checks/runtime-extensions.ts'

/** Of a ServiceAccount, in every Pod. */
const podFiles = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Milliseconds to connect. */
const longestMs = 3_000
const httpsPort = 443

/**
 * Connects as Cluster API does, and asks nothing. Resolves with undefined if nothing is known from here: names of Services
 * lead to them in Pods only, and a NetworkPolicy may keep everybody out but Cluster API.
 */
export async function probeExtension({
  address,
  caBundle,
}: Pick<ExtensionConfig, 'address' | 'caBundle'>): Promise<ExtensionProbe | undefined> {
  if (address === undefined) return undefined
  if ('url' in address) return shakeHands(targetOf(address), caBundle)
  if (!existsSync(podFiles)) return undefined
  const probe = await shakeHands(targetOf(address), caBundle)
  return 'unreachable' in probe ? undefined : probe
}

interface Target {
  readonly host: string
  readonly port: number
}

function targetOf(address: ExtensionAddress): Target {
  if (!('url' in address)) {
    return { host: `${address.service}.${address.namespace}.svc`, port: address.port ?? httpsPort }
  }
  const { hostname = '', port = '' } = URL.parse(address.url) ?? {}
  return { host: hostname.replaceAll(/^\[|\]$/g, ''), port: port === '' ? httpsPort : Number(port) }
}

function shakeHands({ host, port }: Target, ca: string | undefined): Promise<ExtensionProbe> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      // The reason is read below.
      rejectUnauthorized: false,
      timeout: longestMs,
    })
    const end = (probe: ExtensionProbe): void => {
      socket.destroy()
      resolve(probe)
    }
    socket.on('secureConnect', () =>
      end(socket.authorized ? { answered: true } : { untrusted: messageOf(socket.authorizationError) }),
    )
    socket.on('timeout', () => end({ unreachable: `no answer within ${longestMs / 1000} s` }))
    // An alert comes from a server that wants a certificate of its clients, which we have none of.
    socket.on('error', (error) =>
      end(/alert/i.test(error.message) ? { answered: true } : { unreachable: messageOf(error) }),
    )
  })
}
