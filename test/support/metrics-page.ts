import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A series on a metrics page or in docs/metrics.md. */
export interface ShownSeries {
  readonly name: string
  readonly type: string
  /** Sorted. */
  readonly labels: readonly string[]
}

/** Labels that the text format adds to histograms. */
const ofHistograms = ['le']

/** The product's series on a page, with the labels of their first samples. */
export function seriesOn(page: string): readonly ShownSeries[] {
  return [...page.matchAll(/^# TYPE (capi_vip_allocator_\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
    labels: labelsOf(page, name),
  }))
}

/** The series in a section of docs/metrics.md. */
export function describedSeries(section: string): readonly ShownSeries[] {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
  const [, rest = ''] = text.split(`\n## ${section}\n`)
  const [body = ''] = rest.split('\n## ')
  return body
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [name = '', type = '', labels = ''] = line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim().replaceAll('`', ''))
      return { name, type, labels: labels === '' ? [] : labels.split(', ').toSorted() }
    })
}

/** The value of the sample with exactly these labels, if there is one. */
export function valueOf(
  page: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const sample = samplesOf(page, name).find(
    (each) => each.labels.length === wanted.length && wanted.every((label) => each.labels.includes(label)),
  )
  return sample?.value
}

/** All samples of a name, with labels as `label="value"`. */
export function samplesOf(
  page: string,
  name: string,
): readonly { readonly labels: readonly string[]; readonly value: number }[] {
  const pattern = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm')
  return [...page.matchAll(pattern)].map(([, labels = '', value]) => ({
    labels: labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [],
    value: Number(value),
  }))
}

function labelsOf(page: string, name: string): readonly string[] {
  const sample = samplesOf(page, name)[0] ?? samplesOf(page, `${name}_bucket`)[0]
  return (sample?.labels ?? [])
    .map((label) => label.slice(0, label.indexOf('=')))
    .filter((label) => !ofHistograms.includes(label))
    .toSorted()
}
