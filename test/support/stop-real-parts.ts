/** Ends the stack that the set-up started. */
export default async function stopRealParts(): Promise<void> {
  await globalThis.capiVipAllocatorTestStack?.stop()
}
