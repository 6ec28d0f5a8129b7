/** Stops the stack that the global set-up has started. */
export default async function stopRealParts(): Promise<void> {
  await globalThis.capiVipAllocatorTestStack?.stop()
}
