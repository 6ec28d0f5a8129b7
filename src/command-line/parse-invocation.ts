import { allocatorCommands, ConfigError, readConfig, type Config } from '../config.ts'
import type { Action, Command, CommandOption } from './command.ts'
import { commands } from './commands.ts'
import { translateFlags, untranslated, type Translation } from './foreign-flags.ts'
import { completionCommand, flagOptions, parserFor, type Words } from './parser.ts'

type Invocation =
  /** Help, or the completion of a word. */
  | { readonly show: 'text'; readonly text: string }
  | { readonly show: 'version' }
  | { readonly show?: never; readonly command: string; readonly config: Config; readonly run: Action }

const commandNames = [...commands.map(({ name }) => name), completionCommand]

/**
 * Reads the command line and the environment. A flag overrides its variable, and a variable overrides the default.
 *
 * @throws ConfigError that names every fault: the flag or variable, its value, and what was expected
 */
export function parseInvocation(typed: readonly string[], env: NodeJS.ProcessEnv): Invocation {
  const translation = isForUser(typed) ? untranslated(typed) : translateFlags(typed)
  const { argv, warnings } = translation
  const inherited = argv.filter(isInherited)
  if (inherited.length > 0) throw new ConfigError(inherited.map((word) => `${word} is no flag`))
  const named = parse(argv)
  if (named.text !== '') return { show: 'text', text: `${named.text}\n` }
  const { command, words } = named.command === undefined ? asDefault(argv) : named
  if (command === undefined || words === undefined) throw new ConfigError(['no command'])
  if (words['version'] === true) return { show: 'version' }
  const invocation = invocationOf(command, words, translation, env)
  return { ...invocation, config: { ...invocation.config, warnings } }
}

/** Whether a command line names a CLI command: manifests and operators only start the allocator itself. */
function isForUser(argv: readonly string[]): boolean {
  return argv.some((word) => commandNames.includes(word) && !allocatorCommands.some((name) => name === word))
}

/** Whether a flag has the name of a property of every object, of which yargs believes that it was declared. */
function isInherited(word: string): boolean {
  const [, name] = /^--([^=]+)/.exec(word) ?? []
  return name !== undefined && name in {}
}

interface Parsed {
  readonly text: string
  readonly command?: Command
  readonly words?: Words
}

/** @throws ConfigError if yargs itself finds a fault */
function parse(argv: readonly string[]): Parsed {
  let parsed: Parsed = { text: '' }
  const parser = parserFor(commands, (command, words) => (parsed = { ...parsed, command, words }))
  parser.parseSync([...argv], {}, (error: Error | null | undefined, _words: unknown, text: string) => {
    if (error) throw new ConfigError([error.message])
    parsed = { ...parsed, text }
  })
  return parsed
}

/** Parses a command line that names no command: the first command is the default. */
function asDefault(argv: readonly string[]): Parsed {
  const parsed = parse([...commandNames.slice(0, 1), ...argv])
  const { words } = parsed
  return words === undefined ? parsed : { ...parsed, words: { ...words, _: words._.slice(1) } }
}

function invocationOf(
  command: Command,
  words: Words,
  { argv, typedAs, faults: untranslatable }: Translation,
  env: NodeJS.ProcessEnv,
): Extract<Invocation, { readonly config: Config }> {
  const options = [...command.options, ...flagOptions(command)]
  const empty = optionsWithoutValue(words, options, argv)
  const faults = [
    ...untranslatable,
    ...faultsOfNames(words, command, options),
    ...empty.map((name) => `--${name} has no value`),
    ...faultsOfPositions(words, command),
    ...faultsOfSwitches(options, argv),
  ]
  const values = Object.fromEntries(
    options.map(({ name }) => [name, empty.includes(name) ? undefined : valuesOf(words, name)]),
  )
  const config = readConfig(command.flags, values, env, faults, typedAs)
  const run = command.prepare({
    argument: command.argument && valuesOf(words, command.argument.name)?.at(-1),
    values: (option) => valuesOf(words, option) ?? [],
    isSet: (option) => words[option] === true,
    fault: (message) => faults.push(message),
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return { command: command.name, config, run }
}

/** The values of an option in order; undefined if it is not given. */
function valuesOf(words: Words, name: string): readonly string[] | undefined {
  const value = words[name]
  if (value === undefined) return undefined
  return (Array.isArray(value) ? value : [value]).map(String)
}

/** The names of options without a value: yargs reads `--flag` as `--flag=`, which is a different fault. */
function optionsWithoutValue(
  words: Words,
  options: readonly CommandOption[],
  argv: readonly string[],
): readonly string[] {
  return options
    .filter(({ metavar }) => metavar !== undefined)
    .map(({ name }) => name)
    .filter((name) => argv.includes(`--${name}`) && valuesOf(words, name)?.at(-1) === '')
}

function faultsOfNames(
  words: Words,
  { name, argument }: Command,
  options: readonly CommandOption[],
): readonly string[] {
  const common = ['help', 'version', '_', '$0']
  const expected = [...common, ...options.map((option) => option.name), argument?.name]
  return Object.keys(words)
    .filter((key) => !expected.includes(key))
    .map((key) => `${key.length === 1 ? '-' : '--'}${key} is no flag of ${name}`)
}

function faultsOfPositions(words: Words, { name, argument }: Command): readonly string[] {
  const [first, ...rest] = words._.map(String)
  if (first !== undefined && first !== name) {
    return commandNames.includes(first)
      ? [`"${first}" follows a flag, expected the command first`]
      : [`command is "${first}", expected ${commandNames.join(', ')}`]
  }
  if (rest.length === 0) return []
  return [`"${rest.join(' ')}" follows ${argument?.name ?? 'the command'}, expected flags only`]
}

/** Reports invalid values of switches: yargs reads `--switch=maybe` as `--switch=false`. */
function faultsOfSwitches(options: readonly CommandOption[], argv: readonly string[]): readonly string[] {
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
