import type { Figure } from './figures.ts'
import type { FigureName } from './targets.ts'

/**
 * Highest ratio to its floor that a figure may have on an idle machine, whether its target is met or not: three times
 * today's. Find the cause of a higher one; after an improvement, lower the limit.
 */
const limits: Partial<Record<FigureName, number>> = { cpu: 10 }

/** Describes the figures above their limit. */
export function overLimit(figures: readonly Figure[]): readonly string[] {
  return figures.flatMap(({ measure, timesFloor }) => {
    const limit = limits[measure]
    if (limit === undefined || timesFloor === null || timesFloor <= limit) return []
    return [`${measure} is ${timesFloor} times its floor, and was not to be more than ${limit} times`]
  })
}
