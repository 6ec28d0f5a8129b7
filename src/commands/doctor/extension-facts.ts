import { environmentVariableFor, type FlagName } from '../../config.ts'
import { defaultExtensionConfigName, extensionAddressFrom } from '../../domain/extension/registration.ts'
import { inParallel } from '../../domain/in-parallel.ts'
import { arrayOf, objectOf, stringOf } from '../../domain/model/decode.ts'
import type { ExtensionConfig, ServiceAddress } from '../../domain/model/extension-config.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import { extensionConfigs } from '../../kubernetes/extension-configs.ts'
import { listObjects } from '../../kubernetes/objects.ts'
import type { DecodedResource } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Reading } from './checks/check-result.ts'
import type { ProgramDeployment } from './checks/providers.ts'
import type { Registrant, RuntimeExtensions, ServiceState } from './checks/runtime-extensions.ts'
import { probeExtension } from './extension-probe.ts'
import { readingOf } from './reading.ts'

/** How many endpoints of an EndpointSlice take calls, and of which address family: with two, a Pod is in two slices. */
interface ReadyEndpoints {
  readonly family: string
  readonly ready: number
}

const endpointSlices: DecodedResource<ReadyEndpoints> = {
  group: 'discovery.k8s.io',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
  versions: ['v1'],
  provider: 'Kubernetes',
  decode: (slice) => ({
    family: stringOf(objectOf(slice)['addressType']),
    ready: arrayOf(objectOf(slice)['endpoints']).filter(
      (endpoint) => objectOf(objectOf(endpoint)['conditions'])['ready'] !== false,
    ).length,
  }),
}

const readsAtOnce = 8

/** Lists all ExtensionConfigs; none where Cluster API has no such kind. @throws KubernetesError */
export async function listExtensionConfigs(
  connection: KubernetesConnection,
): Promise<readonly ExtensionConfig[]> {
  try {
    const { items } = await discoverApiVersions(connection).using(extensionConfigs, (apiVersion) =>
      listObjects(connection, extensionConfigs, apiVersion, { namespace: '' }),
    )
    return items
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return []
    throw error
  }
}

/**
 * Reads who answers for each of them.
 *
 * @param allocators the Deployments of the allocator; none if they cannot be read
 */
export async function readExtensionFacts(
  connection: KubernetesConnection,
  configs: Reading<readonly ExtensionConfig[]>,
  allocators: readonly ProgramDeployment[],
): Promise<Reading<RuntimeExtensions>> {
  if ('unread' in configs) return configs
  const read = await inParallel(readsAtOnce, configs.read, async (config) => {
    const { address } = config
    const service =
      address !== undefined && 'service' in address
        ? await readingOf(readService(connection, address))
        : undefined
    return { config, service, probe: await probeExtension(config) }
  })
  return { read: { configs: read, registrants: allocators.flatMap(registrantsIn) } }
}

/** What a Deployment is to register, by its flags and variables. A Worker has no hooks, whatever its variables say. */
function registrantsIn(deployment: ProgramDeployment): readonly Registrant[] {
  const address = extensionAddressFrom(settingOf(deployment, 'runtime-extension-register'))
  const { args, wanted } = deployment
  if (address === undefined || wanted === 0 || args.includes('worker')) return []
  const name = settingOf(deployment, 'runtime-extension-config') || defaultExtensionConfigName
  return [{ deployment, name, address }]
}

function settingOf({ args, env }: ProgramDeployment, flag: FlagName): string {
  const prefix = `--${flag}=`
  const argument = args.findLast((each) => each.startsWith(prefix))
  return argument?.slice(prefix.length) ?? env[environmentVariableFor(flag)] ?? ''
}

async function readService(
  connection: KubernetesConnection,
  { namespace, service }: ServiceAddress,
): Promise<ServiceState> {
  try {
    const { spec } = await connection.request({
      verb: 'get',
      resource: 'services',
      action: `get Service ${namespace}/${service}`,
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service)}`,
    })
    // A name of somebody else's, which has no endpoints here.
    if (objectOf(spec)['type'] === 'ExternalName') return 'answered'
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return 'absent'
    throw error
  }
  const query = { namespace, labelSelector: `kubernetes.io/service-name=${service}` }
  const { items } = await listObjects(connection, endpointSlices, 'discovery.k8s.io/v1', query)
  const pods = Object.values(Object.groupBy(items, ({ family }) => family)).map((slices = []) =>
    slices.reduce((sum, { ready }) => sum + ready, 0),
  )
  const most = Math.max(0, ...pods)
  if (most === 0) return 'unanswered'
  return most === 1 ? 'by-one' : 'answered'
}
