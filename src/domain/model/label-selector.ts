import { arrayOf, objectOf, stringMapOf, stringOf } from './decode.ts'

export type Labels = Readonly<Record<string, string>>

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

/** One condition of a label selector, as in the `matchExpressions` of Kubernetes. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: (typeof operators)[number]
  /** Empty for `Exists` and `DoesNotExist`. */
  readonly values: readonly string[]
}

/** All of them have to be met. Every object meets a selector without requirements. */
export type LabelSelector = readonly LabelRequirement[]

/** For messages: what `labelSelectorFrom` reads. */
export const labelSelectorSyntax = 'a label selector such as team=blue,env in (test,prod),!legacy'

/**
 * Reads a label selector as kubectl does: `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)`,
 * `key notin (a,b)`, several with commas.
 *
 * @returns undefined if it cannot be read
 */
export function labelSelectorFrom(text: string): LabelSelector | undefined {
  const tokens = text.match(/[!=]=|[!=(),]|[^\s!=(),]+/g) ?? []
  if (tokens.length === 0) return []
  const requirements = splitAtCommas(tokens).map(requirementFrom)
  return requirements.every((each) => each !== undefined) ? requirements : undefined
}

/** Reads a LabelSelector of the API (`matchLabels`, `matchExpressions`); one that is absent has no requirements. */
export function labelSelectorOf(object: unknown): LabelSelector {
  const { matchLabels, matchExpressions } = objectOf(object)
  return [
    ...Object.entries(stringMapOf(matchLabels)).map(([key, value]): LabelRequirement => ({
      key,
      operator: 'In',
      values: [value],
    })),
    ...arrayOf(matchExpressions).flatMap((expression): readonly LabelRequirement[] => {
      const { key, operator, values } = objectOf(expression)
      const known = operators.find((each) => each === operator)
      return known === undefined
        ? []
        : [{ key: stringOf(key), operator: known, values: arrayOf(values).map(stringOf) }]
    }),
  ]
}

export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((requirement) => isMetBy(requirement, labels))
}

/** An object without the key meets `NotIn`, as in Kubernetes. */
function isMetBy({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return (value !== undefined) === (operator === 'Exists')
  }
  return (value !== undefined && values.includes(value)) === (operator === 'In')
}

/** Commas in parentheses separate values, not requirements. */
function splitAtCommas(tokens: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [[]]
  let isInParentheses = false
  for (const token of tokens) {
    if (token === '(' || token === ')') isInParentheses = token === '('
    if (token === ',' && !isInParentheses) groups.push([])
    else groups.at(-1)?.push(token)
  }
  return groups
}

function requirementFrom(tokens: readonly string[]): LabelRequirement | undefined {
  const [first = '', second, third = ''] = tokens
  if (first === '!') return tokens.length === 2 ? requirement(second, 'DoesNotExist', []) : undefined
  switch (second) {
    case undefined:
      return requirement(first, 'Exists', [])
    case '=':
    case '==':
    case '!=':
      return tokens.length <= 3 ? requirement(first, second === '!=' ? 'NotIn' : 'In', [third]) : undefined
    case 'in':
    case 'notin': {
      const values = third === '(' && tokens.at(-1) === ')' ? valuesFrom(tokens.slice(3, -1)) : undefined
      return values && requirement(first, second === 'in' ? 'In' : 'NotIn', values)
    }
    default:
      return undefined
  }
}

/** Between two commas there is one value, or the empty one. */
function valuesFrom(tokens: readonly string[]): readonly string[] | undefined {
  const values = splitAtCommas(tokens)
  return values.every(({ length }) => length <= 1) ? values.map(([value = '']) => value) : undefined
}

const nameSyntax = /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/
const prefixSyntax = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
/** Characters of the name in a key, and of a value. */
const longestName = 63
const longestPrefix = 253

/** Undefined if no object can have such a key or value. */
function requirement(
  key: string | undefined,
  operator: LabelRequirement['operator'],
  values: readonly string[],
): LabelRequirement | undefined {
  return key !== undefined && isKey(key) && values.every((value) => value === '' || isName(value))
    ? { key, operator, values }
    : undefined
}

function isKey(key: string): boolean {
  const [name = '', prefix, ...rest] = key.split('/').toReversed()
  const isPrefix = prefix === undefined || (prefix.length <= longestPrefix && prefixSyntax.test(prefix))
  return isName(name) && isPrefix && rest.length === 0
}

function isName(name: string): boolean {
  return name.length <= longestName && nameSyntax.test(name)
}
