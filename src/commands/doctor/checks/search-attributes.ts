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
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'

/** Checks the search attributes of a Temporal namespace. They are optional, but their type must be right. */
export function checkSearchAttributes(
  registered: RegisteredSearchAttributes,
  namespace: string,
): readonly CheckOutcome[] {
  const missing = missingSearchAttributes(registered)
  const problems = [
    ...(missing.length === 0 ? [] : [reportMissing(missing, namespace)]),
    ...mistypedSearchAttributes(registered).map((name) => reportMistyped(name, registered[name], namespace)),
  ]
  return orOk(problems, `${few(usableSearchAttributes(registered))} are registered`)
}

function reportMissing(missing: readonly SearchAttributeName[], namespace: string): CheckOutcome {
  const flags = missing.map((name) => `--name ${name} --type ${cliTypeOf(searchAttributes[name])}`)
  return warning(
    `${missing.join(', ')} not registered in namespace ${namespace}: runs cannot be searched for by them`,
    `capi-vip-allocator doctor --fix, or temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}; on Temporal Cloud, add them in the namespace's settings or by tcld namespace search-attributes add`,
  )
}

function reportMistyped(
  name: SearchAttributeName,
  found: string | undefined,
  namespace: string,
): CheckOutcome {
  const expected = cliTypeOf(searchAttributes[name])
  return fault(
    `${name} is registered as ${cliTypeOf(found ?? '')}, expected ${expected}: no run sets it`,
    `temporal operator search-attribute remove --namespace ${namespace} --name ${name}, then capi-vip-allocator doctor --fix`,
  )
}
