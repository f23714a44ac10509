/** What Ctrl-C does: each press its own thing, the last one again for all that follow. */
export function onInterrupt(...acts: (() => void)[]): () => void {
  let presses = 0
  const hear = () => acts[Math.min(presses++, acts.length - 1)]?.()
  process.on('SIGINT', hear)
  return () => process.off('SIGINT', hear)
}
