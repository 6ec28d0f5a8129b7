import { styleText } from 'node:util'

const formats = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  strong: 'bold',
  faint: 'dim',
} as const

type Paint = (text: string) => string

/** Colors of texts for people. Without a terminal, or with NO_COLOR, every function returns its text unchanged. */
export type Style = Readonly<Record<keyof typeof formats, Paint>>

/** @param stream the destination of the text; NO_COLOR and FORCE_COLOR are honored as in Node.js */
export function styleFor(stream: NodeJS.WritableStream): Style {
  const paint =
    (name: keyof typeof formats): Paint =>
    (text) =>
      styleText(formats[name], text, { stream })
  return {
    good: paint('good'),
    bad: paint('bad'),
    warn: paint('warn'),
    strong: paint('strong'),
    faint: paint('faint'),
  }
}
