import type { Figure } from './figures.ts'
import type { FigureName } from './targets.ts'

/**
 * How many times its floor a figure may be on a machine of its own, whether its target is met or not: three times what it is today.
 * More is a loss whose reason has to be found; who makes it cheaper lowers the limit.
 */
const limits: Partial<Record<FigureName, number>> = { cpu: 10 }

/** The figures that are above their limit, in words. */
export function overLimit(figures: readonly Figure[]): readonly string[] {
  return figures.flatMap(({ measure, ratio }) => {
    const limit = limits[measure]
    if (limit === undefined || ratio === null || ratio <= limit) return []
    return [`${measure} is ${ratio} times its floor, and was not to be more than ${limit} times`]
  })
}
