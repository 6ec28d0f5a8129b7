import { registerHooks } from 'node:module'

/*
 * What we use of @kubernetes/client-node: its KubeConfig, for kubeconfigs, credentials and SOCKS proxies. KubeConfig itself
 * imports the generated client, with a class for each kind of Kubernetes, and needs it only in order to make clients. That client
 * costs 40 MB of memory and more than half of the time to load this program, so it is left out of this import. `KubeConfig.makeApiClient` does not work in this process, then.
 */
const clients = `data:text/javascript,${encodeURIComponent('export const createConfiguration = undefined, ServerConfiguration = undefined')}`

const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    const isOfClients =
      specifier === './gen/index.js' && context.parentURL?.endsWith('/client-node/dist/config.js') === true
    return isOfClients ? { url: clients, shortCircuit: true } : nextResolve(specifier, context)
  },
})

const loaded = await import('@kubernetes/client-node/dist/config.js').finally(() => hooks.deregister())

export type KubeConfig = import('@kubernetes/client-node/dist/config.js').KubeConfig
export const { KubeConfig, findHomeDir } = loaded
