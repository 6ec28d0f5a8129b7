/**
 * Reads the series of Temporal Core, so that one page shows all. Core serves them on its own listener, which restarts
 * with each failed connection.
 *
 * @param address host:port; undefined before the first connection
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
