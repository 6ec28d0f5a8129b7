import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../../../../src/kubernetes/transport/client-node.ts')

/** What a process prints that runs this after the import. */
function printedBy(script: string): unknown {
  const text = `import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const clientNode = await import(${JSON.stringify(file)})
    ${script}`
  const printed = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', text], {
    encoding: 'utf8',
  })
  return JSON.parse(printed)
}

describe('client-node', () => {
  it('is loaded without the generated client, which needs much memory', () => {
    const generated = printedBy(
      `console.log(JSON.stringify(loaded.filter((url) => /client-node\\/dist\\/(gen\\/(models|apis|types|index)|index)/.test(url))))`,
    )
    expect(generated).toEqual([])
  })

  it('reads a kubeconfig and its credentials all the same', () => {
    const user = { name: 'u', token: 'secret' }
    const cluster = { name: 'c', server: 'https://127.0.0.1:6443' }
    expect(
      printedBy(`const kubeConfig = new clientNode.KubeConfig()
        kubeConfig.loadFromClusterAndUser(${JSON.stringify(cluster)}, ${JSON.stringify(user)})
        const options = {}
        await kubeConfig.applyToHTTPSOptions(options)
        console.log(JSON.stringify(options.headers))`),
    ).toEqual({ Authorization: 'Bearer secret' })
  })
})
