import type { ConnectionLike } from '@temporalio/client'
import {
  missingSearchAttributes,
  searchAttributes,
  type RegisteredTypes,
  type SearchAttributeName,
} from '../../domain/search-attributes.ts'
import type { Log } from '../../observability/log.ts'
import { describeError } from './config.ts'

/** A Worker's or a client's connection, for requests about search attributes. */
export type OperatorConnection = Pick<ConnectionLike, 'operatorService' | 'withDeadline'>

/** Milliseconds for one request. */
const timeoutMs = 10_000

/** The SDK's names of the types, by their numbers in Temporal's protocol (`IndexedValueType`). */
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

/** Reads the types of the search attributes of a Temporal namespace. @throws ServiceError of gRPC */
export async function readSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
): Promise<RegisteredTypes> {
  const { customAttributes } = await inTime(connection, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  )
  const types = Object.entries(customAttributes).map(
    // A type of a newer protocol appears as its number.
    ([name, type]) => [name, typeWords[type] ?? String(type)] as const,
  )
  return Object.fromEntries(types)
}

/**
 * Registers the missing search attributes. One with another type stays as it is. It takes up to a minute until all parts
 * of a server know a new one.
 *
 * @returns the newly registered ones
 * @throws ServiceError of gRPC; Temporal Cloud always refuses, and has its console for this
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
    // Another replica may have registered them first.
    const left = missingSearchAttributes(await readSearchAttributes(connection, namespace))
    if (left.length > 0) throw error
  }
  return missing
}

/** Registers the missing ones and logs the result. Never rejects, since everything else works without them. */
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
