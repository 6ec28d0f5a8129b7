/** The word that was probably meant; undefined if more than a third of `word` would have to change. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const furthest = Math.max(1, Math.floor(word.length / 3))
  const [best] = words
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= furthest)
    .toSorted((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** The Levenshtein distance: insertions, deletions and replacements that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let at = 0; at < from.length; at += 1) row = nextRow(row, at + 1, from.charAt(at), to)
  return row[to.length] ?? 0
}

function nextRow(above: readonly number[], first: number, character: string, to: string): number[] {
  const row = [first]
  for (let at = 1; at <= to.length; at += 1) {
    const replaced = (above[at - 1] ?? 0) + (to[at - 1] === character ? 0 : 1)
    row.push(Math.min(replaced, (above[at] ?? 0) + 1, (row[at - 1] ?? 0) + 1))
  }
  return row
}

/** `; did you mean "x"?`, or `""`. */
export function suggestion(word: string, words: readonly string[]): string {
  const meant = nearest(word, words)
  return meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
}
