import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, type Context, type ContextManager } from '@opentelemetry/api'

/** Keeps the active span of a call through all its asynchronous operations. */
export function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, call, thisArg, ...args) => storage.run(context, () => call.apply(thisArg, args)),
    // AsyncLocalStorage keeps the context of callbacks, so there is nothing to bind.
    bind: (_context, target) => target,
    enable: () => manager,
    disable() {
      storage.disable()
      return manager
    },
  }
  return manager
}
