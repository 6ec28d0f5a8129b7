import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, type Context, type ContextManager } from '@opentelemetry/api'

/** Keeps the active span of a call through everything that is awaited in it. */
export function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, call, thisArg, ...args) => storage.run(context, () => call.apply(thisArg, args)),
    // Nobody here hands a callback to somebody who would lose the context.
    bind: (_context, target) => target,
    enable: () => manager,
    disable() {
      storage.disable()
      return manager
    },
  }
  return manager
}
