import {
  defaultPayloadConverter,
  type ConverterHint,
  type Payload,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common'
import { undecodable } from './contract.ts'
import { messageOf } from '../domain/quote.ts'

/**
 * Temporal's own converter, except for payloads that it cannot decode. An error here would fail the workflow task, which is
 * retried for ever; a value that names the error is refused like any other.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),
  fromPayload<T>(payload: Payload, context?: SerializationContext, _hint?: ConverterHint<T>): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload, context)
    } catch (error) {
      const replacement = defaultPayloadConverter.toPayload({ [undecodable]: messageOf(error) })
      return defaultPayloadConverter.fromPayload<T>(replacement, context)
    }
  },
}
