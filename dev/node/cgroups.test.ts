import { describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cgroupHierarchies, cgroupNameFor, makeCgroups, ownerOf, removeCgroups } from './cgroups.ts'

const mounts = `proc /proc proc rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`

describe('hierarchies of cgroups', () => {
  it('are those of both versions, and nothing else that is mounted there', () => {
    expect(cgroupHierarchies(mounts)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct',
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/unified',
    ])
    expect(cgroupHierarchies('')).toEqual([])
  })
})

describe('the cgroup of a run', () => {
  it('names its process', () => {
    expect(ownerOf(cgroupNameFor(4711))).toBe(4711)
  })

  it.each([
    'user.slice',
    'capi-vip-allocator-node-',
    'capi-vip-allocator-node-x',
    'capi-vip-allocator-node--1',
  ])('is not %s', (name) => {
    expect(ownerOf(name)).toBeUndefined()
  })

  it('is made in a hierarchy, which stays as it is, and goes with those in it', async () => {
    const hierarchy = mkdtempSync(join(tmpdir(), 'cgroups-'))
    try {
      writeFileSync(join(hierarchy, 'cpuset.cpus'), '0-1\n')
      const name = cgroupNameFor(1)
      makeCgroups([hierarchy], name)
      expect(readdirSync(hierarchy)).toContain(name)
      mkdirSync(join(hierarchy, name, 'kubepods', 'burstable'), { recursive: true })
      await removeCgroups([hierarchy], name)
      expect(readdirSync(hierarchy)).toEqual(['cpuset.cpus'])
      expect(readFileSync(join(hierarchy, 'cpuset.cpus'), 'utf8')).toBe('0-1\n')
    } finally {
      rmSync(hierarchy, { recursive: true })
    }
  })

  it('is left as it is where it never was', async () => {
    await expect(removeCgroups([join(tmpdir(), 'no-hierarchy')], cgroupNameFor(1))).resolves.toBeUndefined()
  })
})
