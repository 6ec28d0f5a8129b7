import yargs, { type Argv } from 'yargs'
import { environmentVariableFor, flags, type Flag } from '../config.ts'
import type { Command, CommandOption } from './command.ts'

declare module 'yargs' {
  interface Argv {
    /** Of yargs 18; its types are those of 17. */
    usageConfiguration(configuration: { readonly 'hide-types': boolean }): this
  }
}

/** A command line as yargs parses it: options by name, and all other words in `_`. */
export type Words = Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] }

export const programName = 'capi-vip-allocator'

/** A command of yargs itself. */
export const completionCommand = 'completion'

const helpWidth = 110

const usage = `$0 [COMMAND] [FLAGS]

Gives every Cluster API cluster a free virtual IP from an IP pool.`

const epilogue = `$0 COMMAND --help shows the flags of a command, with examples.

Temporal is reached as the temporal CLI reaches it: TEMPORAL_ADDRESS (default localhost:7233), TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, and profiles of its configuration file.`

/** Has yargs split words, show help and complete words. Unknown words pass: `parseInvocation` reports all faults at once. */
export function parserFor(
  commands: readonly Command[],
  onCommand: (command: Command, words: Words) => void,
): Argv {
  const parser = yargs([])
    .scriptName(programName)
    .usage(usage)
    .locale('en')
    .wrap(helpWidth)
    .parserConfiguration({
      'camel-case-expansion': false,
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .usageConfiguration({ 'hide-types': true })
    .exitProcess(false)
    .version(false)
    .option('version', { type: 'boolean', describe: 'show the version' })
    .help('help', 'show this help')
    .alias('help', 'h')
    .epilogue(epilogue)
  for (const command of commands) {
    const { name, argument, summary } = command
    parser.command(
      argument === undefined ? name : `${name} [${argument.name}]`,
      summary,
      (own) => describeCommand(own, command),
      (words) => onCommand(command, words),
    )
  }
  return parser.completion(
    completionCommand,
    'print what makes the shell in $SHELL, bash or zsh, complete words',
  )
}

function describeCommand(own: Argv, command: Command): Argv {
  const { argument, options, examples } = command
  if (argument !== undefined) own.positional(argument.name, { type: 'string', describe: argument.help })
  const ownOptions = options.map((option) => ({
    ...option,
    help: option.metavar === undefined ? option.help : `${option.help} (${option.metavar})`,
  }))
  for (const { name, alias, metavar, help } of [...ownOptions, ...flagOptions(command)]) {
    own.option(name, {
      type: metavar === undefined ? 'boolean' : 'string',
      describe: help,
      ...(alias !== undefined && { alias }),
    })
  }
  for (const { line, meaning } of examples) own.example(`# ${meaning}`, '').example(`$0 ${line}`, '')
  return own
}

/** The shared flags that a command accepts, as options. */
export function flagOptions(command: Command): readonly CommandOption[] {
  const accepted: readonly Flag[] = flags.filter(({ name }) => command.flags.includes(name))
  return accepted.map(({ name, alias, metavar, fallback, help }) => {
    const value = [metavar, fallback && `default ${fallback}`].filter((part) => part !== undefined)
    return {
      name,
      ...(alias !== undefined && { alias }),
      ...(metavar !== undefined && { metavar }),
      help: `${help} (${[...value, `env ${environmentVariableFor(name)}`].join(', ')})`,
    }
  })
}
