import { few } from '../../../domain/quote.ts'
import { fault, ok, warning, type Judgment } from './check-result.ts'

/** A kind of object the allocator uses, and the version of it that the API server serves. */
export interface ServedKind {
  /** Name of the CustomResourceDefinition. */
  readonly name: string
  /** The best version the allocator knows. */
  readonly preferred: string
  /** The best of those it knows that is served; undefined: none is. */
  readonly served: string | undefined
  /** What a person installs to have it served. */
  readonly provider: string
  /** Another kind of the same provider serves as well: one of the two is enough. */
  readonly isAlternative: boolean
}

/** Judges which kinds are served, and in which versions. */
export function judgeApiVersions(kinds: readonly ServedKind[]): readonly Judgment[] {
  const providers = [...new Set(kinds.map(({ provider }) => provider))]
  return providers.flatMap((provider) =>
    judgeKindsOf(
      provider,
      kinds.filter((kind) => kind.provider === provider),
    ),
  )
}

function judgeKindsOf(provider: string, kinds: readonly ServedKind[]): readonly Judgment[] {
  const missing = kinds.filter(({ served }) => served === undefined)
  const old = kinds.filter(({ served, preferred }) => served !== undefined && served !== preferred)
  const isEnough = missing.length < kinds.length && missing.every(({ isAlternative }) => isAlternative)
  const judgments = [
    ...(missing.length === 0 ? [] : [judgeMissing(provider, missing, isEnough)]),
    ...(old.length === 0 ? [] : [judgeOld(provider, old)]),
  ]
  if (judgments.length > 0) return judgments
  const versions = [...new Set(kinds.map(({ served }) => served))].join(', ')
  const plurals = kinds.map(({ name }) => name.replace(/\..*/, ''))
  return [ok(`${provider}: ${few(plurals)} in ${versions}`)]
}

function judgeMissing(provider: string, missing: readonly ServedKind[], isEnough: boolean): Judgment {
  const found = `${few(namesOf(missing))}: not served by this API server`
  const fix = `install ${provider}`
  return isEnough ? warning(found, fix) : fault(found, fix)
}

function judgeOld(provider: string, old: readonly ServedKind[]): Judgment {
  const preferred = [...new Set(old.map((kind) => kind.preferred))].join(', ')
  const served = [...new Set(old.map((kind) => kind.served))].join(', ')
  // Written through v1beta1, a condition would end up where nobody of v1beta2 looks.
  const lost = old.some(({ name }) => name.startsWith('clusters.')) ? '; Clusters get no conditions' : ''
  return warning(
    `${few(namesOf(old))} served in ${served} only, not in ${preferred}${lost}`,
    `upgrade ${provider} to a version that serves ${preferred}`,
  )
}

function namesOf(kinds: readonly ServedKind[]): readonly string[] {
  return kinds.map(({ name }) => name)
}
