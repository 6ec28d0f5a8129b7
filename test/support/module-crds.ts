import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ManifestText } from '../../dev/stack/manifests.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { objectOf, stringOf } from '../../src/domain/model/decode.ts'

const goModules = join(import.meta.dirname, '..', '..', 'dev', 'go')

/** The CustomResourceDefinitions of the Prometheus Operator that the manifests in deploy/monitoring use. */
export async function prometheusOperatorCrds(): Promise<readonly ManifestText[]> {
  const kinds = ['prometheusrules', 'servicemonitors', 'podmonitors']
  const directory = join(await directoryOf('prometheus-operator'), 'example', 'prometheus-operator-crd')
  return kinds.map((kind) => ({ path: join(directory, `monitoring.coreos.com_${kind}.yaml`) }))
}

/** The CustomResourceDefinition of external-dns. */
export async function externalDnsCrd(): Promise<ManifestText> {
  const directory = join(await directoryOf('external-dns'), 'config', 'crd', 'standard')
  return { path: join(directory, 'dnsendpoints.externaldns.k8s.io.yaml') }
}

/** The sources of the module that a go.mod of dev/go names, in its version. */
async function directoryOf(pinned: string): Promise<string> {
  const cwd = join(goModules, pinned)
  const [, module, version] = /^require (\S+) (v\S+)$/m.exec(readFileSync(join(cwd, 'go.mod'), 'utf8')) ?? []
  const answer = await runCommand({
    command: 'go',
    args: ['mod', 'download', '-json', `${module}@${version}`],
    cwd,
    env: { GOWORK: 'off', GOFLAGS: '-mod=readonly' },
  })
  const parsed: unknown = JSON.parse(answer)
  return stringOf(objectOf(parsed)['Dir'])
}
