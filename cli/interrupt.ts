/** Ctrl-C: the first press calls the first function, the next press the next, and any further press the last one. */

/** @returns a function that restores the default */
export function onInterrupt(...acts: (() => void)[]): () => void {
  let presses = 0
  const press = () => acts[Math.min(presses++, acts.length - 1)]?.()
  process.on('SIGINT', press)
  return () => process.off('SIGINT', press)
}
