import { styleText } from 'node:util'

/** Colors for what people read. Without a terminal, or with NO_COLOR, every function returns the text as it is. */
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

/** @param stream the text will go there; NO_COLOR and FORCE_COLOR are honored as Node.js does */
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

const asItIs: Paint = (text) => text

/** No colors at all. */
export const plainStyle: Style = {
  good: asItIs,
  bad: asItIs,
  warn: asItIs,
  strong: asItIs,
  faint: asItIs,
  added: asItIs,
  removed: asItIs,
}
