import { stringify } from 'yaml'
import type { OutputFormat } from '../config.ts'
import { styleFor, type Style } from './style.ts'

/** The output of a CLI command. */
export interface Console {
  readonly output: OutputFormat
  /** Writes the answer to stdout: as JSON or YAML, or the text for people, which is made only then. A line break follows. */
  print(value: unknown, text: (style: Style) => string): void
  /** One of several answers: a line of JSON, a YAML document, or text that replaces the previous one on a terminal. */
  update(value: unknown, text: (style: Style) => string): void
  /** Writes a line about the progress to stderr, whatever the output format is. */
  note(text: string): void
  /** The style for `note`. */
  readonly noteStyle: Style
  /** Aborted when the reader has closed the pipe. */
  readonly closed: AbortSignal
}

interface ConsoleStreams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream
}

export function createConsole(output: OutputFormat, streams: ConsoleStreams = process): Console {
  const { stdout, stderr } = streams
  const closed = new AbortController()
  // A reader such as `| head` may close the pipe early, which is no error.
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
    closed: closed.signal,
  }
}

/** Moves the cursor to the upper left corner, and clears the screen. */
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
