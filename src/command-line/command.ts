import type { CommandSetup } from '../commands/setup.ts'
import type { Config, FlagName } from '../config.ts'

/** How the command line describes and parses a command. Its code is loaded only when it runs. */
export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  readonly argument?: Argument | undefined
  /** The shared flags that it accepts, in any order. */
  readonly flags: readonly FlagName[]
  /** Options of this command alone; they have no environment variable. */
  readonly options: readonly CommandOption[]
  readonly examples: readonly { readonly line: string; readonly meaning: string }[]
  /** Reads what was typed. The returned action runs only if there are no faults. */
  prepare(typed: Typed): Action
}

export type Action = (config: Config, signal: AbortSignal) => Promise<number>

export interface Argument {
  /** For example `NAMESPACE/CLUSTER`. */
  readonly name: string
  readonly help: string
}

export interface CommandOption {
  readonly name: string
  readonly alias?: string
  /** The name of its value; absent for a switch. */
  readonly metavar?: string
  readonly help: string
}

/** What was typed after a command's name. */
export interface Typed {
  readonly argument: string | undefined
  /** The values of an option, in order. */
  values(option: string): readonly string[]
  isSet(option: string): boolean
  /** Reports a fault; the command does not run then. */
  fault(message: string): void
}

/** A CLI command, and how to load its code. It accepts `--output` beside its flags. */
interface UserCommand<Options> extends Omit<Command, 'prepare'> {
  read(typed: Typed): Options
  load(): Promise<(options: Options, setup: CommandSetup) => Promise<number>>
}

export function userCommand<Options>(command: UserCommand<Options>): Command {
  return {
    ...command,
    flags: [...command.flags, 'output'],
    prepare: (typed) => {
      const wanted = command.read(typed)
      return async (config, signal) => {
        const [{ createConsole }, run] = await Promise.all([import('../console/console.ts'), command.load()])
        return run(wanted, { config, console: createConsole(config.output), signal })
      }
    },
  }
}
