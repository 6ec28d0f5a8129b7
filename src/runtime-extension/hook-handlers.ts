import { gateAnswerFor } from '../domain/extension/gate-answer.ts'
import { readGateRequest, readPatchRequest, type Reading } from '../domain/extension/hook-request.ts'
import {
  discoveryAnswer,
  hookCallAt,
  responseOf,
  type HandlerName,
  type HookAnswer,
  type HookCall,
} from '../domain/extension/hooks.ts'
import { patchAnswerFor } from '../domain/extension/template-patches.ts'
import type { JsonObject } from '../domain/model/decode.ts'
import type { VipReader } from './vip-reader.ts'

/** Answers one call. */
export type AnswerHook = (call: HookCall, body: unknown) => Promise<HookReply>

/** `refused`: the request is none that core sends; with words for its sender. */
export type HookReply =
  { readonly response: JsonObject; readonly status: HookAnswer['status'] } | { readonly refused: string }

/** Answers the calls of the handlers that are registered. */
export function createHookHandlers(handlers: readonly HandlerName[], vips: VipReader): AnswerHook {
  return async (call, body) => {
    switch (call) {
      case 'discovery':
        return reply(call, discoveryAnswer(handlers))
      case 'patch':
        return replyTo(call, readPatchRequest(body), async (request) => {
          const { patches, ...answer } = patchAnswerFor(request, await vips.awaitVip(request.cluster))
          const items = patches.map(({ patch, ...item }) => ({ ...item, patch: base64(patch) }))
          return answer.status === 'Success' ? { ...answer, items } : { ...answer }
        })
      case 'gate':
        return replyTo(call, readGateRequest(body), async (cluster) => ({
          ...gateAnswerFor(cluster, vips.peek(cluster)),
        }))
      default:
        return call satisfies never
    }
  }
}

/** The call at a path, if its handler is registered. */
export function registeredCallAt(path: string, handlers: readonly HandlerName[]): HookCall | undefined {
  const call = hookCallAt(path)
  return call === undefined || call === 'discovery' || handlers.includes(call) ? call : undefined
}

async function replyTo<T>(
  call: HookCall,
  reading: Reading<T>,
  answer: (request: T) => Promise<HookAnswer & JsonObject>,
): Promise<HookReply> {
  return 'fault' in reading ? { refused: reading.fault } : reply(call, await answer(reading.request))
}

function reply(call: HookCall, answer: HookAnswer & JsonObject): HookReply {
  return { response: responseOf(call, answer), status: answer.status }
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}
