const units = [
  { letter: 'd', seconds: 86_400 },
  { letter: 'h', seconds: 3_600 },
  { letter: 'm', seconds: 60 },
] as const

/**
 * How long something is ago, as kubectl shows it in short: `45s`, `12m`, `3h`, `5d`.
 *
 * @param since RFC 3339; `""` is shown for what is no time
 * @param now milliseconds since the epoch
 */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  if (Number.isNaN(seconds)) return ''
  // A day and a half says more in hours, as two and a half minutes do in seconds.
  const unit = units.find((each) => seconds >= 2 * each.seconds)
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit.seconds)}${unit.letter}`
}
