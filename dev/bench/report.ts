import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { drawCurve } from './curve.ts'
import { withReport, reportText } from './report-text.ts'
import type { BenchResult } from './take-measures.ts'

const root = join(import.meta.dirname, '..', '..')
const page = join(root, 'docs', 'performance.md')
const plot = join(root, 'docs', 'images', 'performance-burst.svg')

/**
 * Writes table, details and conditions into docs/performance.md, and the plot beside it where a burst was measured.
 *
 * @returns the files that were written, relative to the repository
 */
export async function writeReport(result: BenchResult): Promise<readonly string[]> {
  const text = withReport(await readFile(page, 'utf8'), reportText(result))
  await writeFile(page, await format(text, { ...(await resolveConfig(page)), filepath: page }))
  const largest = result.curves.toSorted((a, b) => b.ours.length - a.ours.length)[0]
  if (largest !== undefined) await writeFile(plot, drawCurve(largest))
  return [page, ...(largest === undefined ? [] : [plot])].map((file) => relative(root, file))
}
