import { styleText } from 'node:util'

/** Colors of texts for people. Without a terminal, or with NO_COLOR, every function returns its text unchanged. */
export interface Style {
  readonly good: Paint
  readonly bad: Paint
  readonly warn: Paint
  readonly strong: Paint
  readonly faint: Paint
  readonly added: Paint
  readonly removed: Paint
}

export type Paint = (text: string) => string

/** @param stream the destination of the text; NO_COLOR and FORCE_COLOR are honored as in Node.js */
export function styleFor(stream: NodeJS.WritableStream): Style {
  const paint =
    (format: Parameters<typeof styleText>[0]): Paint =>
    (text) =>
      styleText(format, text, { stream })
  return {
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    strong: paint('bold'),
    faint: paint('dim'),
    added: paint('green'),
    removed: paint('red'),
  }
}

const plain: Paint = (text) => text

/** Without colors. */
export const plainStyle: Style = {
  good: plain,
  bad: plain,
  warn: plain,
  strong: plain,
  faint: plain,
  added: plain,
  removed: plain,
}
