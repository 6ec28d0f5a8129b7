import { describe, expect, it } from '@jest/globals'
import { startHttpServer } from '../../src/observability/http-server.ts'
import { realParts } from '../support/real-parts.ts'
import { runProgram as run } from './run-program.ts'

const { stack } = realParts()

describe('the program', () => {
  it('shows its help and its version', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('capi-vip-allocator worker'),
    })
    expect(await run(['worker', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--task-queue '),
    })
    expect(await run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  it('names all faults of its flags and environment, and ends with 2', async () => {
    const { code, stderr } = await run(['--log-level=loud'], { CAPI_VIP_ALLOCATOR_DEFAULT_PORT: '0' })
    expect(code).toBe(2)
    expect(stderr).toContain('--log-level is "loud"')
    expect(stderr).toContain('CAPI_VIP_ALLOCATOR_DEFAULT_PORT is "0"')
  })

  it('names a kubeconfig that is missing, and a context that is not in it, and ends with 1', async () => {
    expect(await run(['--kubeconfig=/nowhere/kubeconfig'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/nowhere/kubeconfig'),
    })
    expect(await run([`--kubeconfig=${stack.kubeconfigPath}`, '--context=elsewhere'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('elsewhere'),
    })
  })

  it('names an address that somebody else has, and ends with 1', async () => {
    const taken = await startHttpServer({ host: '127.0.0.1', port: 0 }, {})
    const address = `127.0.0.1:${taken.port}`
    const flags = [`--kubeconfig=${stack.kubeconfigPath}`, '--metrics-bind-address=127.0.0.1:0']
    const { code, stderr } = await run([...flags, `--health-probe-bind-address=${address}`])
    await taken.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`cannot listen on ${address}`)
  })

  it('names a Temporal configuration that cannot be read, and ends with 1', async () => {
    const flags = [`--kubeconfig=${stack.kubeconfigPath}`, '--metrics-bind-address=127.0.0.1:0']
    const { code, stderr } = await run([...flags, '--health-probe-bind-address=127.0.0.1:0'], {
      TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/cert.pem',
      TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere/key.pem',
    })
    expect(code).toBe(1)
    expect(stderr).toContain('/nowhere/cert.pem')
  })
})
