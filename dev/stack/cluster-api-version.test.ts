import { describe, expect, it } from '@jest/globals'

import { coreProgramOf, newestClusterApi, parseClusterApiVersion } from './cluster-api-version.ts'
import { programDefinition } from './program-list.ts'

describe('the versions of Cluster API', () => {
  it.each(['1.14', '1.13'])('are those of the programs that are pinned: %s', (text) => {
    const { version } = programDefinition(coreProgramOf(parseClusterApiVersion(text)))
    expect(version.startsWith(`${text}.`)).toBe(true)
  })

  it('run as the newest where no other is asked for', () => {
    expect(coreProgramOf(newestClusterApi)).toBe('cluster-api-core')
  })

  it('says which there are of any other', () => {
    expect(() => parseClusterApiVersion('1.12')).toThrow(
      '--cluster-api=1.12 is no version, expected 1.14 or 1.13',
    )
  })
})
