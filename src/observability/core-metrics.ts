/**
 * Temporal Core serves its own series on a listener of its own, which goes away and comes back with each
 * connection that failed; this reads its page, so that one page shows all.
 *
 * @param address host:port, or undefined while there is none
 * @returns the page, or a comment that says why it is missing
 */
export async function readCoreMetrics(address: string | undefined): Promise<string> {
  if (address === undefined) return '# Temporal Core: not connected yet\n'
  try {
    const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) })
    return await response.text()
  } catch (error) {
    return `# Temporal Core: ${error instanceof Error ? error.message : String(error)}\n`
  }
}
