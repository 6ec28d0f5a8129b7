import { stringify } from 'yaml'
import type { OutputFormat } from '../config.ts'
import { styleFor, type Style } from './style.ts'

/** Where a command shows things. */
export interface Console {
  readonly output: OutputFormat
  /**
   * The answer, on stdout alone: JSON or YAML of the value, or the text for people.
   *
   * @param text is called only where people read it; a line break follows
   */
  print(value: unknown, text: (style: Style) => string): void
  /** What happens meanwhile, for people: one line on stderr, whatever the output is. */
  note(text: string): void
  /** For what is given to `note`. */
  readonly noteStyle: Style
  /** A person looks at stderr as it is written. */
  readonly isInteractive: boolean
}

export interface ConsoleStreams {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

export function createConsole(output: OutputFormat, streams: ConsoleStreams = process): Console {
  const { stdout, stderr } = streams
  return {
    output,
    print: (value, text) => {
      stdout.write(`${rendered(output, value, () => text(styleFor(stdout)))}\n`)
    },
    note: (text) => {
      stderr.write(`${text}\n`)
    },
    noteStyle: styleFor(stderr),
    isInteractive: stderr.isTTY === true,
  }
}

function rendered(output: OutputFormat, value: unknown, text: () => string): string {
  switch (output) {
    case 'json':
      return JSON.stringify(value, undefined, 2)
    case 'yaml':
      return stringify(value, { lineWidth: 0 }).trimEnd()
    case 'table':
      return text()
    default:
      return output satisfies never
  }
}
