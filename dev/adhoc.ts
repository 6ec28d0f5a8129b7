import { startStack } from './stack/stack.ts'
import { applyManifests } from './stack/manifests.ts'
import { createServiceAccountKubeconfig } from './stack/service-account.ts'
import { withKubernetesApi } from './stack/kubernetes-api.ts'
import { Connection, Client } from '@temporalio/client'
const p = (l: string) => { process.stdout.write(l + '\n') }
const t = async (n: string, f: () => Promise<unknown>) => { const s = performance.now(); try { await f(); p(`${n}: ${Math.round(performance.now() - s)} ms`) } catch (e) { p(`${n}: FAILED ${String(e)}`) } }
const stack = await startStack({ clusterApiCore: true, progress: p })
const c = stack.connection
p(JSON.stringify(c))
await t('apply', () => applyManifests(c, ['namespace','cluster-class','ip-pool','cluster-v1beta2'].map((n) => ({ path: `examples/${n}.yaml` }))))
await t('apply again', () => applyManifests(c, ['namespace','cluster-class','ip-pool','cluster-v1beta2'].map((n) => ({ path: `examples/${n}.yaml` }))))
await t('bad', () => applyManifests(c, [{ text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nfoo: 1' }]))
await t('badkind', () => applyManifests(c, [{ text: 'apiVersion: v1\nkind: Confg\nmetadata: {name: x}' }]))
await applyManifests(c, [{ text: 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa, namespace: clusters}' }])
await t('sa', () => createServiceAccountKubeconfig(c, { namespace: 'clusters', name: 'sa', outputPath: '/tmp/adhoc/sa.kubeconfig' }))
await t('sa missing', () => createServiceAccountKubeconfig(c, { namespace: 'clusters', name: 'nosa', outputPath: '/tmp/adhoc/sa2.kubeconfig' }))
const wf = async (id: string) => { const con = await Connection.connect({ address: c.temporal.address }); const cl = new Client({ connection: con }); try { await cl.workflow.start('x', { workflowId: id, taskQueue: 'q' }) } finally { await con.close() } }
const count = async () => { const con = await Connection.connect({ address: c.temporal.address }); const cl = new Client({ connection: con }); try { const d = await cl.workflow.getHandle('one').describe(); p('describe one: ' + d.status.name) } catch (e) { p('describe one: ' + String(e)) } finally { await con.close() } }
await t('wf', () => wf('one'))
for (const name of ['ipam-provider', 'temporal', 'kube-apiserver', 'etcd', 'cluster-api-core', 'kube-controller-manager'] as const) {
  const part = stack.part(name)
  for (const how of ['kill', 'stop'] as const) {
    const old = part.pid()
    await t(`${how} ${name}`, () => part[how]())
    p(`pid ${old} -> ${part.pid()}`)
    await t(`start ${name}`, () => part.start())
  }
}
await count()
await t('temporal kill', () => stack.part('temporal').kill())
await t('temporal forget', () => stack.part('temporal').start({ forgetData: true }))
await count()
await t('ipam forget', () => stack.part('ipam-provider').start({ forgetData: true }))
await t('read', () => withKubernetesApi(c, async (api) => p(JSON.stringify((await api.send<{ spec: unknown }>({ method: 'GET', path: '/apis/cluster.x-k8s.io/v1beta2/namespaces/clusters/clusters/demo-cluster' })).spec))))
process.kill(stack.part('ipam-provider').pid() ?? 0, 'SIGKILL')
await new Promise((r) => setTimeout(r, 300))
for (const n of ['temporal', 'ipam-provider', 'cluster-api-core', 'kube-controller-manager', 'kube-apiserver', 'etcd'] as const) await t('stop ' + n, () => stack.part(n).stop())
await t('stop', () => stack.stop())
