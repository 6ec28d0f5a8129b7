import type { Command, CommandOption, Typed } from './command.ts'

/** A command line as yargs parses it: options by name, and all other words in `_`. */
export type Words = Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] }

export interface WordsContext {
  /** All options that the command accepts. */
  readonly options: readonly CommandOption[]
  /** The names of options that lack a value. */
  readonly empty: readonly string[]
  readonly command: Command
  /** The names of all commands. */
  readonly names: readonly string[]
}

/** Keys that every command accepts. */
const common: readonly string[] = ['help', 'version', '_', '$0']

/** Reports every word that is unknown, misplaced, or lacks its value. */
export function faultsOfWords(words: Words, { options, empty, command, names }: WordsContext): string[] {
  const expected = [...common, ...options.map(({ name }) => name), command.argument?.name]
  const unknown = Object.keys(words).filter((key) => !expected.includes(key))
  return [
    ...unknown.map((key) => `${key.length === 1 ? '-' : '--'}${key} is no flag of ${command.name}`),
    ...empty.map((name) => `--${name} has no value`),
    ...faultsOfPositions(words, command, names),
  ]
}

/** Reports invalid values of switches: yargs reads `--switch=maybe` as `--switch=false`. */
export function faultsOfSwitches(
  options: readonly CommandOption[],
  argv: readonly string[],
): readonly string[] {
  return options
    .filter(({ metavar }) => metavar === undefined)
    .flatMap(({ name }) =>
      argv
        .filter((word) => word.startsWith(`--${name}=`))
        .map((word) => word.slice(name.length + 3))
        .filter((value) => value !== 'true' && value !== 'false')
        .map((value) => `--${name} is ${JSON.stringify(value)}, expected true, false`),
    )
}

/** The names of options without a value: yargs reads `--flag` as `--flag=`, which is a different fault. */
export function optionsWithoutValue(
  words: Words,
  options: readonly CommandOption[],
  argv: readonly string[],
): readonly string[] {
  return options
    .filter(({ name, metavar }) => {
      return metavar !== undefined && argv.includes(`--${name}`) && valuesOf(words, name)?.at(-1) === ''
    })
    .map(({ name }) => name)
}

function faultsOfPositions(words: Words, { name, argument }: Command, names: readonly string[]): string[] {
  const [first, ...rest] = words._.map(String)
  if (first !== undefined && first !== name) {
    return names.includes(first)
      ? [`"${first}" follows a flag, expected the command first`]
      : [`command is "${first}", expected ${names.join(', ')}`]
  }
  if (rest.length === 0) return []
  return [`"${rest.join(' ')}" follows ${argument?.name ?? 'the command'}, expected flags only`]
}

/** The values of an option in order; undefined if it is not given. */
export function valuesOf(words: Words, name: string): readonly string[] | undefined {
  const value = words[name]
  if (value === undefined) return undefined
  return (Array.isArray(value) ? value : [value]).map(String)
}

export function createTyped({ argument }: Command, words: Words, fault: (message: string) => void): Typed {
  return {
    argument: argument === undefined ? undefined : valuesOf(words, argument.name)?.at(-1),
    values: (option) => valuesOf(words, option) ?? [],
    isSet: (option) => words[option] === true,
    fault,
  }
}
