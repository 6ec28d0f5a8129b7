import { allocateCommand } from './allocate.ts'
import { allocatorCommand } from './allocator-commands.ts'
import type { Command } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { planCommand } from './plan.ts'
import { poolsCommand } from './pools.ts'
import { statusCommand } from './status.ts'

/** Every command, in the order of `--help`. The first one is the default. */
export const commands: readonly Command[] = [
  allocatorCommand('run'),
  allocatorCommand('watcher'),
  allocatorCommand('worker'),
  planCommand,
  allocateCommand,
  statusCommand,
  poolsCommand,
  doctorCommand,
]
