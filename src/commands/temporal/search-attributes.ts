import type { ConnectionLike } from '@temporalio/client'
import {
  missingSearchAttributes,
  searchAttributes,
  type RegisteredSearchAttributes,
  type SearchAttributeName,
} from '../../domain/search-attributes.ts'
import type { Log } from '../../observability/log.ts'
import { describeError } from './config.ts'

/** What asks a Temporal server about search attributes: a Worker's connection or a client's. */
export type OperatorConnection = Pick<ConnectionLike, 'operatorService' | 'withDeadline'>

/** Longest time for one request, in milliseconds. */
const timeoutMs = 10_000

/** The SDK's words for the types by the numbers of Temporal's protocol (`IndexedValueType`). */
const typeWords: readonly (string | undefined)[] = [
  undefined,
  'TEXT',
  'KEYWORD',
  'INT',
  'DOUBLE',
  'BOOL',
  'DATETIME',
  'KEYWORD_LIST',
]

/**
 * Reads with which types our search attributes are registered in a Temporal namespace.
 *
 * @throws ServiceError of gRPC, as the connection gives it: the server is away, does not know the namespace or refuses
 */
export async function readSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
): Promise<RegisteredSearchAttributes> {
  const { customAttributes } = await inTime(connection, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  )
  const typeOf = (name: SearchAttributeName): string | undefined => {
    const number = customAttributes[name]
    // A type of a later protocol is shown as its number.
    return number === undefined ? undefined : (typeWords[number] ?? String(number))
  }
  return {
    VipNamespace: typeOf('VipNamespace'),
    VipCluster: typeOf('VipCluster'),
    VipPhase: typeOf('VipPhase'),
    VipAddress: typeOf('VipAddress'),
    VipPool: typeOf('VipPool'),
  }
}

/**
 * Registers the search attributes that are missing. One that is registered with another type stays as it is. All parts
 * of a server know a new one after a minute at most.
 *
 * @returns those that were registered now
 * @throws ServiceError of gRPC; Temporal Cloud refuses, since search attributes are its console's there
 */
export async function registerSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
): Promise<readonly SearchAttributeName[]> {
  const missing = missingSearchAttributes(await readSearchAttributes(connection, namespace))
  if (missing.length === 0) return []
  const types = Object.fromEntries(missing.map((name) => [name, typeWords.indexOf(searchAttributes[name])]))
  try {
    await inTime(connection, () =>
      connection.operatorService.addSearchAttributes({ namespace, searchAttributes: types }),
    )
  } catch (error) {
    // Another replica may have been first.
    const left = missingSearchAttributes(await readSearchAttributes(connection, namespace))
    if (left.length > 0) throw error
  }
  return missing
}

/** Registers what is missing and logs how it went. Never rejects: without search attributes everything else works. */
export async function registerAtStart(
  { connection, namespace }: { readonly connection: OperatorConnection; readonly namespace: string },
  log: Log,
): Promise<void> {
  try {
    const registered = await registerSearchAttributes(connection, namespace)
    if (registered.length > 0) {
      log.info(`Registered the search attributes ${registered.join(', ')}`, { temporalNamespace: namespace })
    }
  } catch (error) {
    log.warn('Cannot register search attributes; runs cannot be searched for by them', {
      temporalNamespace: namespace,
      error: describeError(error),
    })
  }
}

function inTime<T>(connection: OperatorConnection, ask: () => Promise<T>): Promise<T> {
  return connection.withDeadline(Date.now() + timeoutMs, ask)
}
