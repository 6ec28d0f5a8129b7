type Labels = Readonly<Record<string, string>>

/** One requirement of a label selector (Kubernetes: `labels.Requirement`). */
interface Requirement {
  readonly key: string
  readonly isMetBy: (value: string | undefined) => boolean
}

const key = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/i
const value = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/

/** For messages: what `selectorFrom` reads. */
export const selectorSyntax = 'a label selector such as team=blue,env in (test,prod),!legacy'

/**
 * Reads a label selector as kubectl does: `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)`,
 * `key notin (a,b)`, several with commas. All of them have to be met; none are met by everything.
 *
 * @returns undefined if it cannot be read
 */
export function selectorFrom(text: string): ((labels: Labels) => boolean) | undefined {
  // Commas in parentheses separate values.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  const requirements = parts.filter((part) => part !== '' || parts.length > 1).map(requirementFrom)
  if (!requirements.every((requirement) => requirement !== undefined)) return undefined
  return (labels) => requirements.every((each) => each.isMetBy(labels[each.key]))
}

function requirementFrom(text: string): Requirement | undefined {
  const [, not, alone = ''] = /^(!?)\s*([^\s=!(),]+)$/.exec(text) ?? []
  if (alone !== '') return requirement(alone, [], (found) => (found === undefined) === (not === '!'))
  const [, setKey = '', operator, list = ''] = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text) ?? []
  if (setKey !== '') {
    const values = list.split(',').map((entry) => entry.trim())
    return operator === 'in'
      ? requirement(setKey, values, (found) => found !== undefined && values.includes(found))
      : requirement(setKey, values, (found) => found === undefined || !values.includes(found))
  }
  const [, name = '', comparison, wanted = ''] = /^([^\s=!]+)\s*(==?|!=)\s*(\S*)$/.exec(text) ?? []
  if (name === '') return undefined
  return requirement(name, [wanted], (found) => (found === wanted) === (comparison !== '!='))
}

function requirement(
  name: string,
  values: readonly string[],
  isMetBy: Requirement['isMetBy'],
): Requirement | undefined {
  return key.test(name) && values.every((each) => value.test(each)) ? { key: name, isMetBy } : undefined
}
