import yargs, { type Argv } from 'yargs'
import { environmentVariableFor, flags, type FlagName } from '../config.ts'
import type { Command, CommandOption } from './command.ts'
import type { Words } from './words.ts'

declare module 'yargs' {
  interface Argv {
    /** Of yargs 18; its types are those of 17. */
    usageConfiguration(configuration: { readonly 'hide-types': boolean }): this
  }
}

export const programName = 'capi-vip-allocator'

/** A command of yargs itself. */
export const completionCommand = 'completion'

/** Width of the help, in characters. */
const helpWidth = 110

const usage = `$0 [COMMAND] [FLAGS]

Gives every Cluster API cluster a free virtual IP from an IP pool.`

const epilogue = `$0 COMMAND --help shows the flags of a command, with examples.

Temporal is reached as the temporal CLI reaches it: TEMPORAL_ADDRESS (default localhost:7233), TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, and profiles of its configuration file.`

/**
 * Configures yargs to split words, show help and complete words. It accepts unknown words, since `faultsOfWords` reports
 * all faults at once.
 *
 * @param onCommand called with the command that is named
 */
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
  for (const command of commands) addCommand(parser, command, onCommand)
  return parser.completion(
    completionCommand,
    'print what makes the shell in $SHELL, bash or zsh, complete words',
  )
}

function addCommand(
  parser: Argv,
  command: Command,
  onCommand: (command: Command, words: Words) => void,
): void {
  const { name, argument, summary } = command
  parser.command(
    argument === undefined ? name : `${name} [${argument.name}]`,
    summary,
    (own) => describeCommand(own, command),
    (words) => onCommand(command, words),
  )
}

function describeCommand(own: Argv, command: Command): Argv {
  const { argument, options, examples } = command
  if (argument !== undefined) {
    own.positional(argument.name, { type: 'string', describe: argument.help })
  }
  const ownOptions = options.map((option) => ({ ...option, help: helpOf(option) }))
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

function helpOf({ metavar, help }: CommandOption): string {
  return metavar === undefined ? help : `${help} (${metavar})`
}

/** The shared flags that a command accepts, as options. */
export function flagOptions(command: Command): readonly (CommandOption & { readonly name: FlagName })[] {
  return flags
    .filter(({ name }) => command.flags.includes(name))
    .map((flag) => {
      const { name } = flag
      const metavar = 'metavar' in flag ? `${flag.metavar}, ` : ''
      const fallback = 'fallback' in flag ? `default ${flag.fallback}, ` : ''
      return {
        name,
        ...('metavar' in flag && { metavar: flag.metavar }),
        help: `${flag.help} (${metavar}${fallback}env ${environmentVariableFor(name)})`,
        ...('alias' in flag && { alias: flag.alias }),
      }
    })
}
