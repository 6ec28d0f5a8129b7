import { describe, expect, it } from '@jest/globals'
import { commands } from '../../../src/command-line/commands.ts'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import { allocatorCommands, environmentVariableFor } from '../../../src/config.ts'

/** What is shown instead of running a command. */
function textOf(...argv: readonly string[]): string {
  const invocation = parseInvocation(argv, {})
  if (invocation.show !== 'text') throw new Error('it shows no text')
  return invocation.text
}

const userCommands = commands
  .map(({ name }) => name)
  .filter((name) => !allocatorCommands.some((each) => each === name))

describe('a command', () => {
  it.each(allocatorCommands)('can be %s', (command) => {
    expect(parseInvocation([command], {})).toMatchObject({ command })
  })

  it('is run where none is named, also with flags whose values look like one', () => {
    expect(parseInvocation(['--task-queue', 'worker'], {})).toMatchObject({
      command: 'run',
      config: { taskQueue: 'worker' },
    })
  })

  it('can follow its flags', () => {
    expect(parseInvocation(['--task-queue', 'mine', 'worker'], {})).toMatchObject({
      command: 'worker',
      config: { taskQueue: 'mine' },
    })
  })

  it.each([[['--version']], [['worker', '--version']]])('is not run with %j', (argv) => {
    expect(parseInvocation(argv, {})).toEqual({ show: 'version' })
  })

  it.each([[['--help']], [['--nonsense', '--help']], [['worker', '-h', '--log-level=loud']]])(
    'is not run with %j, whatever else is wrong',
    (argv) => {
      expect(textOf(...argv)).toContain('capi-vip-allocator')
    },
  )
})

describe('the target of release', () => {
  it.each([['clusters/blue'], ['10.0.0.10'], ['fd00::1'], ['clusters/blue --dry-run']])(
    'can be %s',
    (words) => {
      expect(parseInvocation(['release', ...words.split(' ')], {})).toMatchObject({ command: 'release' })
    },
  )

  it.each([
    ['', 'release names no Cluster and no address, expected NAMESPACE/CLUSTER or ADDRESS'],
    ['blue', 'release names "blue", expected NAMESPACE/CLUSTER or ADDRESS'],
    ['10.0.0', 'release names "10.0.0", expected NAMESPACE/CLUSTER or ADDRESS'],
    ['Clusters/blue', 'the Cluster is "Clusters/blue", expected NAMESPACE/CLUSTER'],
  ])('cannot be "%s"', (word, message) => {
    expect(() => parseInvocation(['release', ...(word === '' ? [] : [word])], {})).toThrow(message)
  })
})

describe('the help', () => {
  it('names every command with its summary', () => {
    for (const { name, summary } of commands) {
      expect(textOf('--help')).toMatch(new RegExp(`capi-vip-allocator ${name} .*${summary.slice(0, 20)}`))
    }
  })

  it.each(commands.map(({ name }) => [name]))('of %s has examples that can be run', (name) => {
    const [, examples = ''] = textOf(name, '--help').split('Examples:\n')
    const lines = [...examples.matchAll(/^ {2}capi-vip-allocator (.*)$/gm)].map(([, line = '']) => line)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(parseInvocation(line.split(' '), {})).toMatchObject({ command: name })
    }
  })

  it.each(commands.map((command) => [command.name, command] as const))(
    'of %s shows its flags and their variables',
    (name, command) => {
      const help = textOf(name, '--help')
      for (const flag of command.flags) {
        expect(help).toContain(`--${flag} `)
        expect(help).toContain(environmentVariableFor(flag))
      }
    },
  )
})

describe('a flag of another command', () => {
  it('is a fault', () => {
    expect(() => parseInvocation(['run', '--output=json'], {})).toThrow('--output is no flag of run')
  })

  it('is a fault of CLI commands', () => {
    for (const name of userCommands) {
      expect(() => parseInvocation([name, '--metrics-bind-address=:1'], {})).toThrow(
        `--metrics-bind-address is no flag of ${name}`,
      )
    }
  })

  it('is not read from its variable either', () => {
    const invocation = parseInvocation(['run'], { CAPI_VIP_ALLOCATOR_OUTPUT: 'xml' })
    expect(invocation).toMatchObject({ config: { output: 'table' } })
  })
})

describe('completion', () => {
  it('prints a script for the shell', () => {
    expect(textOf('completion')).toContain('capi-vip-allocator --get-yargs-completions')
  })

  it('knows the commands, and the flags of a command', () => {
    const words = (...typed: readonly string[]): readonly string[] =>
      textOf('--get-yargs-completions', 'capi-vip-allocator', ...typed)
        .trim()
        .split('\n')
        .map((line) => line.replace(/:.*/, ''))
    expect(words('')).toEqual(expect.arrayContaining(commands.map(({ name }) => name)))
    expect(words('worker', '--')).toContain('--task-queue')
    expect(words('worker', '--')).not.toContain('--output')
  })
})
