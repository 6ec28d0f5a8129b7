import { ConfigError, readConfig, type Config } from '../config.ts'
import type { Action, Command } from './command.ts'
import { commands } from './commands.ts'
import { completionCommand, flagOptions, parserFor } from './parser.ts'
import {
  createTyped,
  faultsOfSwitches,
  faultsOfWords,
  optionsWithoutValue,
  valuesOf,
  type Words,
} from './words.ts'

/** A parsed command line. */
export type Invocation =
  /** Help, or the completion of a word. */
  | { readonly show: 'text'; readonly text: string }
  | { readonly show: 'version' }
  | { readonly show?: never; readonly command: string; readonly config: Config; readonly run: Action }

const commandNames = [...commands.map(({ name }) => name), completionCommand]

/**
 * Reads the command line and the environment. A flag overrides its variable, and a variable overrides the default.
 *
 * @param argv the arguments after the name of the program
 * @throws ConfigError that names every fault: the flag or variable, its value, and what was expected
 */
export function parseInvocation(argv: readonly string[], env: NodeJS.ProcessEnv): Invocation {
  const named = parse(argv)
  if (named.text !== '') return { show: 'text', text: `${named.text}\n` }
  const { command, words } = named.command === undefined ? asDefault(argv) : named
  if (command === undefined || words === undefined) throw new ConfigError(['no command'])
  return words['version'] === true ? { show: 'version' } : invocationOf(command, words, argv, env)
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
  const { command, words } = parse([...commands.slice(0, 1).map(({ name }) => name), ...argv])
  return words === undefined || command === undefined
    ? { text: '' }
    : { text: '', command, words: { ...words, _: words._.slice(1) } }
}

function invocationOf(
  command: Command,
  words: Words,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Invocation {
  const options = [...command.options, ...flagOptions(command)]
  const empty = optionsWithoutValue(words, options, argv)
  const faults = [
    ...faultsOfWords(words, { options, empty, command, names: commandNames }),
    ...faultsOfSwitches(options, argv),
  ]
  const values = Object.fromEntries(
    options.map(({ name }) => [name, empty.includes(name) ? undefined : valuesOf(words, name)]),
  )
  const config = readConfig(command.flags, values, env, faults)
  const run = command.prepare(createTyped(command, words, (fault) => faults.push(fault)))
  if (faults.length > 0) throw new ConfigError(faults)
  return { command: command.name, config, run }
}
