import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../dev/stack/run-command.ts'
import type { ManifestText } from '../../dev/stack/manifests.ts'
import { objectOf, stringOf } from '../../src/domain/model/decode.ts'

const cwd = join(import.meta.dirname, '..', '..', 'dev', 'go', 'prometheus-operator')
const kinds = ['prometheusrules', 'servicemonitors', 'podmonitors']

/** The CustomResourceDefinitions of the Prometheus Operator, in the version that go.mod names. */
export async function prometheusOperatorCrds(): Promise<readonly ManifestText[]> {
  const [, module, version] = /^require (\S+) (v\S+)$/m.exec(readFileSync(join(cwd, 'go.mod'), 'utf8')) ?? []
  const answer = await runCommand({
    command: 'go',
    args: ['mod', 'download', '-json', `${module}@${version}`],
    cwd,
    env: { GOWORK: 'off', GOFLAGS: '-mod=readonly' },
  })
  const parsed: unknown = JSON.parse(answer)
  const directory = join(stringOf(objectOf(parsed)['Dir']), 'example', 'prometheus-operator-crd')
  return kinds.map((kind) => ({ path: join(directory, `monitoring.coreos.com_${kind}.yaml`) }))
}
