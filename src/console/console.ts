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
  /**
   * One of many answers that follow each other: a line of JSON, a document of YAML, or text that takes the place of the
   * one before where a person looks at it.
   */
  update(value: unknown, text: (style: Style) => string): void
  /** What happens meanwhile, for people: one line on stderr, whatever the output is. */
  note(text: string): void
  /** For what is given to `note`. */
  readonly noteStyle: Style
  /** A person looks at stderr as it is written. */
  readonly isInteractive: boolean
  /** Aborted when nobody reads what is written any more. */
  readonly closed: AbortSignal
}

export interface ConsoleStreams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

export function createConsole(output: OutputFormat, streams: ConsoleStreams = process): Console {
  const { stdout, stderr } = streams
  const closed = new AbortController()
  // Whoever reads through `| head` has seen enough, and that is no fault.
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error
    closed.abort()
  }
  for (const stream of [stdout, stderr]) stream.on('error', onError)
  return {
    output,
    print: (value, text) => {
      stdout.write(`${rendered(output, value, () => text(styleFor(stdout)))}\n`)
    },
    update: (value, text) => {
      const clear = stdout.isTTY === true ? clearScreen : ''
      stdout.write(`${renderedAsOneOfMany(output, value, () => `${clear}${text(styleFor(stdout))}\n`)}\n`)
    },
    note: (text) => {
      stderr.write(`${text}\n`)
    },
    noteStyle: styleFor(stderr),
    isInteractive: stderr.isTTY === true,
    closed: closed.signal,
  }
}

/** Cursor to the upper left corner, and nothing on the screen. */
const clearScreen = '\u001b[H\u001b[2J'

function renderedAsOneOfMany(output: OutputFormat, value: unknown, text: () => string): string {
  if (output === 'json') return JSON.stringify(value)
  return `${output === 'yaml' ? '---\n' : ''}${rendered(output, value, text)}`
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
