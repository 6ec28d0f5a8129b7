import {
  defaultPayloadConverter,
  type ConverterHint,
  type Payload,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common'
import { undecodable } from './contract.ts'

/**
 * Temporal's own converter, but for what it cannot decode: a payload that somebody sent in another encoding. An error
 * here would fail the workflow task, which is tried again for ever; a value that says so is refused like any other.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),
  fromPayload<T>(payload: Payload, context?: SerializationContext, _hint?: ConverterHint<T>): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload, context)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return defaultPayloadConverter.fromPayload<T>(
        defaultPayloadConverter.toPayload({ [undecodable]: why }),
        context,
      )
    }
  },
}
