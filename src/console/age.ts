const units = [
  { letter: 'd', seconds: 86_400 },
  { letter: 'h', seconds: 3_600 },
  { letter: 'm', seconds: 60 },
] as const

/**
 * The time since then, as kubectl abbreviates it: `45s`, `12m`, `3h`, `5d`.
 *
 * @param since RFC 3339; the result is `""` if it is not a time
 * @param now milliseconds since the epoch
 */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  if (Number.isNaN(seconds)) return ''
  // From two units on, since a day and a half is more precise in hours.
  const unit = units.find((each) => seconds >= 2 * each.seconds)
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit.seconds)}${unit.letter}`
}
