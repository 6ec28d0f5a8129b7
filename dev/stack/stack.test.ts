import { existsSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client'

import type { StackConnection } from './connection.ts'
import { type KubernetesObject, withKubernetesApi } from './kubernetes-api.ts'
import { applyManifests } from './manifests.ts'
import { type PartName, type Stack, startStack } from './stack.ts'
import { realParts } from '../../test/support/real-parts.ts'

const workflowId = 'stack-test'
/** A field of a Cluster's status since Cluster API 1.14. */
const newField = '"upgradePlan"'

// An own stack: the shared one must not lose its parts.
let stack: Stack

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, clusterApiVersion: '1.13', progress: () => {} })
  const text = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: stack-test\n'
  await applyManifests(stack.connection, [{ text }])
  await withTemporal((client) => client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' }))
})

afterAll(async () => {
  await stack.stop()
})

describe('a part of the stack', () => {
  it.each<PartName>(['etcd', 'kube-apiserver', 'kube-controller-manager', 'ipam-provider', 'temporal'])(
    'comes back where it was after it was killed: %s',
    async (name) => {
      const part = stack.part(name)
      const killed = part.pid()

      await part.kill()
      expect(part.pid()).toBeUndefined()
      await part.start()

      expect(part.pid()).not.toBe(killed)
      await expect(readNamespace()).resolves.toMatchObject({ metadata: { name: 'stack-test' } })
      await expect(describeWorkflow()).resolves.toMatchObject({ status: { name: 'RUNNING' } })
    },
  )

  it('forgets its data only on request', async () => {
    const temporal = stack.part('temporal')
    await expect(temporal.start({ forgetData: true })).rejects.toThrow(
      'temporal runs: stop it before its data can be forgotten',
    )

    await temporal.kill()
    await temporal.start({ forgetData: true })

    await expect(describeWorkflow()).rejects.toThrow(WorkflowNotFoundError)
  })

  it('cannot be had from a stack that runs without it', () => {
    expect(() => stack.part('cluster-api-core')).toThrow('this stack runs without cluster-api-core')
  })
})

describe('whole clusters', () => {
  it('are refused without Cluster API core', async () => {
    const options = { clusterApiCore: false, wholeClusters: true, progress: () => {} }

    await expect(startStack(options)).rejects.toThrow('whole clusters need Cluster API core')
  })
})

describe('the CRDs', () => {
  it('are those of the version of Cluster API that was asked for, and of the newest where none was', async () => {
    const { connection } = stack
    expect(connection.clusterApiVersion).toMatch(/^1\.13\.\d+$/)
    expect(await clusterDefinition(connection)).not.toContain(newField)

    const shared = realParts().stack
    expect(shared.clusterApiVersion).toMatch(/^1\.14\.\d+$/)
    expect(await clusterDefinition(shared)).toContain(newField)
  })
})

describe('applyManifests', () => {
  it('refuses an unknown field and names the object', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: odd\nunknown: true\n'

    await expect(applyManifests(stack.connection, [{ text }])).rejects.toThrow(
      /^ConfigMap odd could not be applied: .*unknown: field not declared in schema/,
    )
  })
})

describe('stop', () => {
  it('removes the run directory and can be repeated', async () => {
    await stack.stop()
    await stack.stop()

    expect(existsSync(stack.connection.runDirectory)).toBe(false)
  })
})

async function readNamespace(): Promise<KubernetesObject> {
  return await withKubernetesApi(stack.connection, (api) =>
    api.send<KubernetesObject>({ method: 'GET', path: '/api/v1/namespaces/stack-test' }),
  )
}

async function clusterDefinition(connection: StackConnection): Promise<string> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusters.cluster.x-k8s.io'
  return JSON.stringify(
    await withKubernetesApi(connection, (api) => api.send<KubernetesObject>({ method: 'GET', path })),
  )
}

function describeWorkflow(): Promise<unknown> {
  return withTemporal((client) => client.workflow.getHandle(workflowId).describe())
}

async function withTemporal<T>(action: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.connection.temporal.address })
  try {
    return await action(new Client({ connection }))
  } finally {
    await connection.close()
  }
}
