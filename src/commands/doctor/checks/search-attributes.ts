import { few } from '../../../domain/quote.ts'
import {
  cliTypeOf,
  missingSearchAttributes,
  mistypedSearchAttributes,
  searchAttributes,
  usableSearchAttributes,
  type RegisteredSearchAttributes,
  type SearchAttributeName,
} from '../../../domain/search-attributes.ts'
import { fault, orOk, warning, type Judgment } from './check-result.ts'

/** Judges which search attributes are registered in a Temporal namespace. They are optional, but of the right type. */
export function judgeSearchAttributes(
  registered: RegisteredSearchAttributes,
  namespace: string,
): readonly Judgment[] {
  const missing = missingSearchAttributes(registered)
  const problems = [
    ...(missing.length === 0 ? [] : [judgeMissing(missing, namespace)]),
    ...mistypedSearchAttributes(registered).map((name) => judgeMistyped(name, registered[name], namespace)),
  ]
  return orOk(problems, `${few(usableSearchAttributes(registered))} are registered`)
}

function judgeMissing(missing: readonly SearchAttributeName[], namespace: string): Judgment {
  const flags = missing.map((name) => `--name ${name} --type ${cliTypeOf(searchAttributes[name])}`)
  return warning(
    `${missing.join(', ')} not registered in namespace ${namespace}: runs cannot be searched for by them`,
    `capi-vip-allocator doctor --fix, or temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}; on Temporal Cloud, add them in the namespace's settings or by tcld namespace search-attributes add`,
  )
}

function judgeMistyped(name: SearchAttributeName, found: string | undefined, namespace: string): Judgment {
  const expected = cliTypeOf(searchAttributes[name])
  return fault(
    `${name} is registered as ${cliTypeOf(found ?? '')}, expected ${expected}: no run sets it`,
    `temporal operator search-attribute remove --namespace ${namespace} --name ${name}, then capi-vip-allocator doctor --fix`,
  )
}
