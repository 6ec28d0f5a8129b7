import { readFileSync, writeFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: object }[]
}

/** Writes a copy of a kubeconfig with the same user and the proxy's URL. */
export function kubeconfigThrough(
  proxy: { readonly url: string },
  sourcePath: string,
  outputPath: string,
): void {
  const source: Kubeconfig = parse(readFileSync(sourcePath, 'utf8'))
  const clusters = source.clusters.map(({ name }) => ({
    name,
    // Without this, client-node refuses plain HTTP.
    cluster: { server: proxy.url, 'insecure-skip-tls-verify': true },
  }))
  writeFileSync(outputPath, stringify({ ...source, clusters }), { mode: 0o600 })
}
