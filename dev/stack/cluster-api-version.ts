const versions = ['1.14', '1.13'] as const

/** A minor version of Cluster API that the stack can run. */
export type ClusterApiVersion = (typeof versions)[number]

/** The default version. */
export const newestClusterApi = versions[0]

const corePrograms = { '1.14': 'cluster-api-core', '1.13': 'cluster-api-core-1.13' } as const

/** The name of the core program of this version. */
export function coreProgramOf(version: ClusterApiVersion): (typeof corePrograms)[ClusterApiVersion] {
  return corePrograms[version]
}

/**
 * Parses the flag `--cluster-api`.
 *
 * @throws Error that names the flag, the value and the versions available
 */
export function parseClusterApiVersion(text: string): ClusterApiVersion {
  const version = versions.find((each) => each === text)
  if (version !== undefined) return version
  throw new Error(`--cluster-api=${text} is no version, expected ${versions.join(' or ')}`)
}
