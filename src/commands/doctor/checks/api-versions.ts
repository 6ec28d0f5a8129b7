import { few } from '../../../domain/quote.ts'
import { fault, ok, warning, type CheckOutcome } from './check-result.ts'

/** A kind that the allocator uses, and the version of it that the API server serves. */
export interface ServedKind {
  /** Name of the CustomResourceDefinition. */
  readonly name: string
  /** The best version that the allocator supports. */
  readonly preferred: string
  /** The best supported version that is served; undefined if none is. */
  readonly served: string | undefined
  /** The component to install if no version is served. */
  readonly provider: string
  /** One of the provider's alternative kinds is enough. */
  readonly isAlternative: boolean
}

/**
 * Checks that the needed kinds are served, and in which versions.
 *
 * @param needsPools whether a Cluster waits for a pool: without one, its alternative kinds need not be served
 */
export function checkApiVersions(kinds: readonly ServedKind[], needsPools: boolean): readonly CheckOutcome[] {
  const byProvider = Map.groupBy(kinds, ({ provider }) => provider)
  return [...byProvider].flatMap(([provider, own]) => checkKindsOf(provider, own, needsPools))
}

function checkKindsOf(
  provider: string,
  kinds: readonly ServedKind[],
  needsPools: boolean,
): readonly CheckOutcome[] {
  const isAbsent = kinds.every(({ served, isAlternative }) => served === undefined && isAlternative)
  if (isAbsent && !needsPools) {
    return [ok(`${provider} is not installed, and no Cluster waits for a pool of it`)]
  }
  const missing = kinds.filter(({ served }) => served === undefined)
  const old = kinds.filter(({ served, preferred }) => served !== undefined && served !== preferred)
  const isEnough = missing.length < kinds.length && missing.every(({ isAlternative }) => isAlternative)
  const outcomes = [
    ...(missing.length === 0 ? [] : [reportMissing(provider, missing, isEnough)]),
    ...(old.length === 0 ? [] : [reportOutdated(provider, old)]),
  ]
  if (outcomes.length > 0) return outcomes
  const versions = [...new Set(kinds.map(({ served }) => served))].join(', ')
  const plurals = kinds.map(({ name }) => name.replace(/\..*/, ''))
  return [ok(`${provider}: ${few(plurals)} in ${versions}`)]
}

function reportMissing(provider: string, missing: readonly ServedKind[], isEnough: boolean): CheckOutcome {
  const found = `${few(namesOf(missing))}: not served by this API server`
  const fix = `install ${provider}`
  return isEnough ? warning(found, fix) : fault(found, fix)
}

function reportOutdated(provider: string, old: readonly ServedKind[]): CheckOutcome {
  const preferred = [...new Set(old.map((kind) => kind.preferred))].join(', ')
  const served = [...new Set(old.map((kind) => kind.served))].join(', ')
  // A condition that is written through v1beta1 is in a field that v1beta2 clients do not read.
  const lost = old.some(({ name }) => name.startsWith('clusters.')) ? '; Clusters get no conditions' : ''
  return warning(
    `${few(namesOf(old))} served in ${served} only, not in ${preferred}${lost}`,
    `upgrade ${provider} to a version that serves ${preferred}`,
  )
}

function namesOf(kinds: readonly ServedKind[]): readonly string[] {
  return kinds.map(({ name }) => name)
}
