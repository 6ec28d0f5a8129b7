import { build } from '../../dev/build.ts'
import { coreProgramOf } from '../../dev/stack/cluster-api-version.ts'
import { clusterProviders } from '../../dev/stack/cluster-providers.ts'
import { ensurePrograms } from '../../dev/stack/programs.ts'

/** Builds what the suites of whole clusters run: a build would exceed the time limit of a test. */
export default async function prepareClusters(): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  await ensurePrograms(
    [...clusterProviders, coreProgramOf('1.13'), coreProgramOf('1.14'), 'clusterctl'],
    progress,
  )
  await build()
}
