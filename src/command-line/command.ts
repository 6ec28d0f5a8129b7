import type { CommandSetup } from '../commands/setup.ts'
import type { Config, FlagName } from '../config.ts'

/** A command as the command line knows it. Its code is loaded only when it is run. */
export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** What it takes besides flags. */
  readonly argument?: Argument | undefined
  /** Those it takes of all flags, in whatever order. */
  readonly flags: readonly FlagName[]
  /** What only this command takes; these have no environment variable. */
  readonly options: readonly CommandOption[]
  readonly examples: readonly Example[]
  /** Reads what was typed. What it returns is called only where nothing is at fault. */
  prepare(typed: Typed): Action
}

export type Action = (config: Config, signal: AbortSignal) => Promise<number>

export interface Argument {
  /** As in `NAMESPACE/CLUSTER`. */
  readonly name: string
  readonly help: string
}

export interface CommandOption {
  readonly name: string
  readonly alias?: string
  /** What its value is called; absent for a switch. */
  readonly metavar?: string
  readonly help: string
}

export interface Example {
  readonly line: string
  readonly meaning: string
}

/** What was typed after a command's name. */
export interface Typed {
  readonly argument: string | undefined
  /** The values of an option, in order. */
  values(option: string): readonly string[]
  isSet(option: string): boolean
  /** Says what is wrong; the command is not run then. */
  fault(message: string): void
}

/** A command for people, with the way to its code. */
export interface UserCommand<Options> extends Omit<Command, 'prepare' | 'flags' | 'options'> {
  /** Besides `--output`. */
  readonly flags?: readonly FlagName[]
  readonly options?: readonly CommandOption[]
  read(typed: Typed): Options
  load(): Promise<(options: Options, setup: CommandSetup) => Promise<number>>
}

/** How the management cluster is reached, for commands that do. */
export const managementClusterFlags: readonly FlagName[] = ['kubeconfig', 'context', 'namespace']

/** Makes a command out of what differs between commands for people. */
export function userCommand<Options>(command: UserCommand<Options>): Command {
  return {
    ...command,
    flags: [...(command.flags ?? []), 'output'],
    options: command.options ?? [],
    prepare: (typed) => {
      const wanted = command.read(typed)
      return async (config, signal) => {
        const [{ createConsole }, run] = await Promise.all([import('../console/console.ts'), command.load()])
        return run(wanted, { config, console: createConsole(config.output), signal })
      }
    },
  }
}
