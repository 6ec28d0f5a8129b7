import { exitCodes } from '../../console/exit-code.ts'
import { createExtensionConfigs } from '../../kubernetes/extension-configs.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'

/** Deletes the ExtensionConfig, so that core no longer depends on the allocator. @returns exit code */
export async function uninstallExtension(_options: object, setup: CommandSetup): Promise<number> {
  const { config, console } = setup
  const name = config.extensionConfigName
  return withManagementCluster(setup, async ({ connection }) => {
    const isDeleted = await createExtensionConfigs(connection).delete(name)
    console.print({ extensionConfig: name, deleted: isDeleted }, () =>
      isDeleted
        ? `ExtensionConfig ${name} is deleted. Clusters of classes that name its handlers keep their endpoints, and are not reconciled until their class no longer does.`
        : `There is no ExtensionConfig ${name}.`,
    )
    return exitCodes.fine
  })
}
