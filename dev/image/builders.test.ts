import { describe, expect, it } from '@jest/globals'
import { builderOf, builtImageIn, findBuilder, type BuilderName, type Run } from './builders.ts'

/** Programs that answer as said, by the beginning of their command line; all others are missing. */
function programs(answers: Readonly<Record<string, string>>): {
  readonly run: Run
  readonly calls: string[]
} {
  const calls: string[] = []
  const run: Run = async (command, args) => {
    const line = [command, ...args].join(' ')
    calls.push(line)
    const [, answer] = Object.entries(answers).find(([start]) => line.startsWith(start)) ?? []
    if (answer === undefined) throw new Error(`${command} was not found on PATH`)
    return Promise.resolve(answer)
  }
  return { run, calls }
}

describe('a builder', () => {
  it.each<[string, Readonly<Record<string, string>>, BuilderName]>([
    ['docker, if its daemon answers', { docker: '28', podman: '5', buildah: '1' }, 'docker'],
    ['podman, if the daemon of docker does not', { podman: '5', buildah: '1' }, 'podman'],
    ['buildah, if it is all there is', { buildah: '1' }, 'buildah'],
  ])('is %s', async (_, answers, name) => {
    expect((await findBuilder(undefined, programs(answers).run)).name).toBe(name)
  })

  it('is the one that was asked for, and no other', async () => {
    expect((await findBuilder('buildah', programs({ docker: '28', buildah: '1' }).run)).name).toBe('buildah')
    await expect(findBuilder('podman', programs({ docker: '28' }).run)).rejects.toThrow(
      /^nothing builds an image here.*\npodman: podman was not found on PATH$/s,
    )
  })

  it('that is not there is missed by name, each with the reason', async () => {
    await expect(findBuilder(undefined, programs({}).run)).rejects.toThrow(
      /install docker, podman or buildah.*\ndocker: .*\npodman: .*\nbuildah: buildah was not found/s,
    )
  })

  const order = {
    context: '/src',
    image: 'allocator:1',
    base: 'mirror/node:24',
    secrets: { ca: '/etc/ca.crt' },
  }

  it('passes on base and secrets, and needs no runtime where it is not docker', async () => {
    const { run, calls } = programs({ docker: '', buildah: '' })
    await builderOf('docker', run).build(order)
    await builderOf('buildah', run).build(order)
    const rest = '--build-arg=NODE_IMAGE=mirror/node:24 --secret=id=ca,src=/etc/ca.crt --tag=allocator:1 /src'
    expect(calls).toEqual([
      `docker build ${rest}`,
      `buildah build --isolation=chroot --format=docker --layers ${rest}`,
    ])
  })

  it('imports a root file system, each in its own way', async () => {
    const { run, calls } = programs({ podman: '', 'buildah from': 'working-1\n', buildah: '' })
    await builderOf('podman', run).importArchive('/root.tar', 'base:1')
    await builderOf('buildah', run).importArchive('/root.tar', 'base:1')
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    expect(calls).toEqual([
      `podman import --change ENV ${path} /root.tar base:1`,
      'buildah from scratch',
      'buildah add --quiet working-1 /root.tar /',
      `buildah config --env ${path} working-1`,
      'buildah commit --quiet --rm working-1 base:1',
    ])
  })

  it.each<[BuilderName, string]>([
    ['docker', 'docker save --output /x.tar a:1'],
    ['podman', 'podman save --format docker-archive --output /x.tar a:1'],
    ['buildah', 'buildah push a:1 docker-archive:/x.tar:a:1'],
  ])('saves an image: %s', async (name, line) => {
    const { run, calls } = programs({ [name]: '' })
    await builderOf(name, run).save('a:1', '/x.tar')
    expect(calls).toEqual([line])
  })
})

describe('an image', () => {
  it('has the size that docker and podman report, or that of its layers', () => {
    expect(builtImageIn('[{"Id": "sha256:1", "Size": 5}]')).toEqual({ id: 'sha256:1', bytes: 5 })
    const manifest = JSON.stringify({ layers: [{ size: 2 }, { size: 3 }] })
    expect(builtImageIn(JSON.stringify({ FromImageID: '1', Manifest: manifest }))).toEqual({
      id: '1',
      bytes: 5,
    })
  })

  it('that is described otherwise is an error with what there is', () => {
    expect(() => builtImageIn('[{"Name": "a"}]')).toThrow(
      'neither Id and Size nor FromImageID and Manifest: Name',
    )
  })
})
