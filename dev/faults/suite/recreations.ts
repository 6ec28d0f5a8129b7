import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { again, pauseUntil } from './fault-kind.ts'
import type { People } from './people.ts'
import { subjectsNamed } from './subjects.ts'

const pauseMs = { shortest: 1_000, longest: 8_000 }

/**
 * People who delete Clusters and create them again under the same names, served or not, each again and again.
 *
 * @returns what ends that
 */
export function recreate(people: People, prefix: string, random: SeededRandom): () => Promise<void> {
  const ends = subjectsNamed(prefix, 8).map((subject) =>
    again(async (over) => {
      await people.act('create', subject, 0)
      await pauseUntil(pauseMs.shortest + random.below(pauseMs.longest - pauseMs.shortest), over)
      if (!over.aborted) await people.act('delete and create again', subject, 0)
      await pauseUntil(pauseMs.shortest, over)
    }),
  )
  return async () => void (await Promise.all(ends.map((end) => end())))
}
