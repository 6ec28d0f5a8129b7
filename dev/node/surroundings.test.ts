import { describe, expect, it } from '@jest/globals'
import { nodeDirectory } from './place.ts'
import { mountSteps, networkSteps, type Step } from './surroundings.ts'

const directory = nodeDirectory('/tmp/node')

function commands(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'run' ? [[step.command, ...step.args].join(' ')] : []))
}

describe('the mounts of a node', () => {
  const mounts = commands(mountSteps(directory))

  it('keep what it writes to /var and /run in its own directory or in memory', () => {
    expect(mounts).toContain(
      'mount --types=overlay --options=lowerdir=/var,upperdir=/tmp/node/var-upper,workdir=/tmp/node/var-work node-var /var',
    )
    expect(mounts).toContain('mount --types=tmpfs node-run /run')
  })

  it('put the file systems of containers outside of the layers of /var, after these', () => {
    const place = (text: string): number => mounts.findIndex((each) => each.includes(text))
    expect(mounts).toContain('mount --bind /tmp/node/containerd /var/lib/containerd')
    expect(place('overlay')).toBeLessThan(place('/var/lib/containerd'))
  })

  it('cover each value that the kubelet sets for the whole machine by a file that has it', () => {
    const files = mountSteps(directory).filter((step) => step.kind === 'file')
    expect(files.length).toBeGreaterThan(0)
    for (const { path, text } of files) {
      expect(path).toMatch(/^\/tmp\/node\/kernel\//)
      expect(text).toMatch(/^\d+\n$/)
      expect(mounts.some((each) => each.startsWith(`mount --bind ${path} /proc/sys/`))).toBe(true)
    }
  })

  it('write nothing to /proc/sys itself', () => {
    const written = mountSteps(directory).flatMap((step) => (step.kind === 'file' ? [step.path] : []))
    expect(written.filter((path) => path.startsWith('/proc'))).toEqual([])
  })
})

describe('the network of a node', () => {
  it('is one address on a device of its own, with a default route, which forwards', () => {
    expect(commands(networkSteps())).toEqual([
      'ip link set lo up',
      'ip link add node0 type bridge',
      'ip address add 10.77.0.1/24 dev node0',
      'ip link set node0 up',
      'ip route add default via 10.77.0.254',
    ])
    expect(networkSteps().at(-1)).toEqual({
      kind: 'file',
      path: '/proc/sys/net/ipv4/ip_forward',
      text: '1\n',
    })
  })
})
