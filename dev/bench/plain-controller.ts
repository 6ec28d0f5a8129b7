import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { roleSpecs } from '../../src/domain/role.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { clusterClassKey, eventReporter, ipamGroup } from '../../src/domain/names.ts'
import { pathIn, type Plural } from '../stack/resource-path.ts'
import { linesOf } from '../stack/raw-watch.ts'

/**
 * The fair rival of the allocator: what a good engineer would write without durability, checks and history. It makes the
 * same writes (claim, endpoint with variable and annotation, condition, event) on watches and kept connections, as fast as
 * it can, and does nothing else. docs/performance.md says where it is wrong and the allocator is right.
 *
 * Arguments: `--server`, `--ca` (a file), `--namespace`; the token is in `TOKEN`.
 */
const { server, ca, namespace } = parseArgs({
  options: {
    server: { type: 'string', default: '' },
    ca: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' },
  },
}).values

const role = roleSpecs['control-plane']
const port = 6443
const variable = 'clusterVip'

const authorization = `Bearer ${process.env['TOKEN'] ?? ''}`
const dispatcher = new Agent({ connect: { ca: readFileSync(ca, 'utf8') }, connections: 64, bodyTimeout: 0 })

/** The Clusters as last seen, by name: the source of each patch. */
const clusters = new Map<string, JsonObject>()
/** The pool of each class, by the class's name. */
const pools = new Map<string, string>()
/** Clusters that have a claim, or are done. */
const begun = new Set<string>()

type Send = 'POST' | 'PATCH'

async function send(
  method: Send,
  path: string,
  body: unknown,
  contentType = 'application/json',
): Promise<JsonObject> {
  const answer = await request(`${server}${path}`, {
    dispatcher,
    method,
    headers: { authorization, 'content-type': contentType },
    body: JSON.stringify(body),
  })
  const text = await answer.body.text()
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${path} was answered with ${answer.statusCode}: ${text}`)
  return objectOf(JSON.parse(text))
}

/** Lists and watches one kind, and ends the process when the watch ends: restarts are what it does not do. */
async function watch(plural: Plural, onObject: (object: JsonObject) => void): Promise<void> {
  const listed = await request(`${server}${pathIn(namespace, plural)}`, {
    dispatcher,
    headers: { authorization },
  })
  const list = objectOf(await listed.body.json())
  for (const item of arrayOf(list['items'])) onObject(objectOf(item))
  const resourceVersion = stringOf(metaOf(list)['resourceVersion'])
  const path = `${pathIn(namespace, plural)}?watch=true&resourceVersion=${resourceVersion}`
  const { body } = await request(`${server}${path}`, { dispatcher, headers: { authorization } })
  void (async () => {
    for await (const line of linesOf(body)) {
      const { type, object } = objectOf(JSON.parse(line))
      if (type === 'ADDED' || type === 'MODIFIED') onObject(objectOf(object))
      else if (plural === 'clusters') forget(nameOf(objectOf(object)))
    }
    throw new Error(`the watch of ${plural} has ended`)
  })()
}

function forget(name: string): void {
  clusters.delete(name)
  begun.delete(name)
}

function onCluster(cluster: JsonObject): void {
  const name = nameOf(cluster)
  clusters.set(name, cluster)
  const spec = objectOf(cluster['spec'])
  if (begun.has(name) || stringOf(objectOf(spec['controlPlaneEndpoint'])['host']) !== '') return
  const pool = pools.get(stringOf(objectOf(objectOf(spec['topology'])['classRef'])['name']))
  if (pool === undefined) return
  begun.add(name)
  void send('POST', pathIn(namespace, 'ipaddressclaims'), claimFor(cluster, pool))
}

function claimFor(cluster: JsonObject, pool: string): JsonObject {
  const name = nameOf(cluster)
  return {
    apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
    kind: 'IPAddressClaim',
    metadata: {
      name: `${role.claimPrefix}${name}`,
      labels: { 'cluster.x-k8s.io/cluster-name': name },
      ownerReferences: [
        {
          apiVersion: 'cluster.x-k8s.io/v1beta2',
          kind: 'Cluster',
          name,
          uid: metaOf(cluster)['uid'],
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { clusterName: name, poolRef: { apiGroup: ipamGroup, kind: 'InClusterIPPool', name: pool } },
  }
}

function onAddress(object: JsonObject): void {
  const { claimRef, address } = objectOf(object['spec'])
  const cluster = clusters.get(stringOf(objectOf(claimRef)['name']).slice(role.claimPrefix.length))
  if (cluster === undefined) return
  if (objectOf(objectOf(cluster['spec'])['controlPlaneEndpoint'])['host'] !== undefined) return
  void assign(cluster, stringOf(address))
}

async function assign(cluster: JsonObject, host: string): Promise<void> {
  const name = nameOf(cluster)
  const { uid } = metaOf(cluster)
  await send(
    'PATCH',
    pathIn(namespace, 'clusters', name),
    {
      metadata: { annotations: { [role.vipAnnotation]: host } },
      spec: {
        controlPlaneEndpoint: { host, port },
        topology: { variables: [{ name: variable, value: host }] },
      },
    },
    'application/merge-patch+json',
  )
  const message = `${host}:${port}`
  const now = new Date().toISOString()
  await Promise.all([
    send(
      'PATCH',
      `${pathIn(namespace, 'clusters', name)}/status?fieldManager=plain&force=true`,
      {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { name },
        status: {
          conditions: [
            {
              type: role.conditionType,
              status: 'True',
              reason: 'Allocated',
              message,
              lastTransitionTime: now.replace(/\.\d+Z$/, 'Z'),
            },
          ],
        },
      },
      'application/apply-patch+yaml',
    ),
    send('POST', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
      metadata: { name: `${name}.${stringOf(uid)}` },
      eventTime: now.replace('Z', '000Z'),
      reportingController: eventReporter,
      reportingInstance: 'plain',
      type: 'Normal',
      reason: 'Allocated',
      action: 'Allocate',
      note: message,
      regarding: {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        namespace,
        name,
        uid,
      },
    }),
  ])
}

function onPool(pool: JsonObject): void {
  const className = stringOf(objectOf(metaOf(pool)['labels'])[clusterClassKey])
  if (className !== '') pools.set(className, nameOf(pool))
}

function metaOf(object: JsonObject): JsonObject {
  return objectOf(object['metadata'])
}

function nameOf(object: JsonObject): string {
  return stringOf(metaOf(object)['name'])
}

await watch('inclusterippools', onPool)
await watch('ipaddresses', onAddress)
await watch('clusters', onCluster)
process.stdout.write('ready\n')
