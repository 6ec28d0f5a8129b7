import { describe, expect, it } from '@jest/globals'
import { missingOn, neededPrograms, type Machine } from './requirements.ts'

function aMachine(changed: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    uid: 0,
    programs: new Set(neededPrograms),
    cgroups: ['/sys/fs/cgroup'],
    namespaceRefusal: undefined,
    temporaryDirectory: '/tmp',
    ...changed,
  }
}

function without(...names: readonly string[]): ReadonlySet<string> {
  return new Set(neededPrograms.filter((name) => !names.includes(name)))
}

describe('what a node needs', () => {
  it('is all there on a machine with everything', () => {
    expect(missingOn(aMachine())).toEqual([])
  })

  it('is Linux, and nothing else is asked of another system', () => {
    expect(missingOn(aMachine({ platform: 'darwin', uid: 501, programs: new Set(), cgroups: [] }))).toEqual([
      'this machine runs darwin, expected Linux: a kubelet needs its namespaces and cgroups',
    ])
  })

  it('is told all at once, with the package that has a program', () => {
    const programs = without('runc', 'ip')
    expect(missingOn(aMachine({ uid: 1000, programs, cgroups: [], temporaryDirectory: '/var/tmp' }))).toEqual(
      [
        'user 1000 runs this, expected root (user 0): sudo npm run …',
        'no cgroups are mounted, expected them in /sys/fs/cgroup',
        'TMPDIR is "/var/tmp", expected one outside of /var',
        'there is no runc on PATH: apt-get install runc',
        'there is no ip on PATH: apt-get install iproute2',
      ],
    )
  })

  it('is the right to make namespaces, with the words that refuse it', () => {
    const namespaceRefusal = 'unshare: unshare failed: Operation not permitted'
    expect(missingOn(aMachine({ namespaceRefusal }))).toEqual([
      'no namespaces can be made (unshare: unshare failed: Operation not permitted), expected CAP_SYS_ADMIN',
    ])
  })

  it('is one of two programs for the addresses of Services', () => {
    expect(missingOn(aMachine({ programs: without('nft') }))).toEqual([])
    expect(missingOn(aMachine({ programs: without('iptables') }))).toEqual([])
    expect(missingOn(aMachine({ programs: without('nft', 'iptables') }))).toEqual([
      'there is no nft or iptables on PATH: apt-get install nftables',
    ])
  })

  it('allows a folder whose name only begins like one that is hidden', () => {
    expect(missingOn(aMachine({ temporaryDirectory: '/variable' }))).toEqual([])
    expect(missingOn(aMachine({ temporaryDirectory: '/run' }))).toHaveLength(1)
  })
})
