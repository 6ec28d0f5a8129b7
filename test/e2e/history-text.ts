import type { Client } from '@temporalio/client'

/** Everything that Temporal shows of a run: description, pending activities and history, with payloads also decoded. */
export async function textOfRun(client: Client, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId)
  const [{ raw }, history] = await Promise.all([handle.describe(), handle.fetchHistory()])
  const encoded = JSON.stringify([raw, history])
  const decoded: unknown = JSON.parse(encoded, (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  )
  return `${encoded}\n${JSON.stringify(decoded)}`
}
