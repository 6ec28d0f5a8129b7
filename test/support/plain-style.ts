import type { Style } from '../../src/console/style.ts'

const plain = (text: string): string => text

/** Without colors. */
export const plainStyle: Style = {
  good: plain,
  bad: plain,
  warn: plain,
  strong: plain,
  faint: plain,
}
