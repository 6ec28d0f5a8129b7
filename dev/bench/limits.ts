import type { Figure } from './figures.ts'
import type { FigureName, Target } from './targets.ts'

/**
 * Highest ratios that figures may have on an idle machine, whether their targets are met or not: two to three times today's.
 * Find the cause of a higher one; after an improvement, lower the limit.
 */
const limits: Partial<Record<FigureName, Exclude<Target, { readonly atMost: number }>>> = {
  cpu: { timesFloor: 10 },
  'cpu-all-parts': { timesPlain: 4 },
}

/** Describes the figures above their limit. */
export function overLimit(figures: readonly Figure[]): readonly string[] {
  return figures.flatMap((figure) => {
    const limit = limits[figure.measure]
    if (limit === undefined) return []
    const [ratio, most, what] =
      'timesPlain' in limit
        ? [figure.timesPlain, limit.timesPlain, 'what the plain controller takes']
        : [figure.timesFloor, limit.timesFloor, 'its floor']
    if (ratio === null || ratio <= most) return []
    return [`${figure.measure} is ${ratio} times ${what}, and was not to be more than ${most} times`]
  })
}
