import { parseDocument, visit, isMap, type Document } from 'yaml'

/** The project's name for clusterctl: `<organization>-<project>`, as for all outside of kubernetes-sigs. */
export const providerName = 'gorizond-vip'

/** A Secret with variables beside those, which a user may create: no upgrade of the provider touches it. */
export const providerSettings = 'capi-vip-allocator-settings'

/** Settings that clusterctl reads from its configuration or the environment, with the chart's values as defaults. */
const variables: readonly string[] = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']

/**
 * Turns the rendered objects into the components of a provider for clusterctl and the Cluster API operator. They are the
 * same for both types of provider, add-on and runtime extension.
 *
 * - clusterctl deletes a cluster-scoped role only if its name begins with the namespace.
 * - The operator customizes only the container with the name `manager`.
 * - clusterctl replaces `${…}` by variables, unless it is escaped.
 *
 * @param texts each one object, as YAML
 * @param namespace of the objects
 */
export function providerComponents(texts: readonly string[], namespace: string): string {
  return texts
    .map((text) => {
      const document = parseDocument(text.replaceAll('${', '$${'))
      const kind = String(document.get('kind'))
      if (kind === 'ClusterRole' || kind === 'ClusterRoleBinding') {
        prefix(document, ['metadata', 'name'], namespace)
      }
      if (kind === 'ClusterRoleBinding') prefix(document, ['roleRef', 'name'], namespace)
      if (kind === 'Deployment') {
        document.setIn(['spec', 'template', 'spec', 'containers', 0, 'name'], 'manager')
        offerVariables(document)
      }
      return document.toString({ lineWidth: 0, flowCollectionPadding: false })
    })
    .join('---\n')
}

function prefix(document: Document, path: readonly string[], namespace: string): void {
  document.setIn(path, `${namespace}-${String(document.getIn(path))}`)
}

function offerVariables(document: Document): void {
  visit(document, {
    Map(_key, node) {
      const name = node.get('name')
      if (!isMap(node) || typeof name !== 'string' || !variables.includes(name)) return
      node.set('value', `\${${name}:=${String(node.get('value'))}}`)
    },
  })
}
