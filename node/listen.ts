/** Adds listeners to an event target and removes the same ones, so that the two lists cannot differ. */

interface Target<Events> {
  addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void
  removeEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void
}

export type Listeners<Events> = { [K in keyof Events]?: (event: Events[K]) => void }

/**
 * TypeScript cannot infer `Events` from a target: the caller names it.
 * @returns removes all of these listeners
 */
export function listen<Events = never>(
  target: Target<NoInfer<Events>>,
  listeners: Listeners<NoInfer<Events>>
): () => void {
  const entries = Object.entries(listeners) as Array<[keyof Events, (event: Events[keyof Events]) => void]>
  for (const [type, listener] of entries) target.addEventListener(type, listener)
  return () => {
    for (const [type, listener] of entries) target.removeEventListener(type, listener)
  }
}
