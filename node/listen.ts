/** Adds listeners to an event target for as long as a signal has not aborted. */

interface Target<Events> {
  addEventListener<K extends keyof Events>(
    type: K,
    listener: (event: Events[K]) => void,
    options: { signal: AbortSignal }
  ): void
}

/** TypeScript cannot infer `Events` from a target: the caller names it. */
export function listen<Events = never>(
  target: Target<NoInfer<Events>>,
  signal: AbortSignal,
  listeners: { [K in keyof Events]?: (event: NoInfer<Events>[K]) => void }
): void {
  const entries = Object.entries(listeners) as Array<[keyof Events, (event: Events[keyof Events]) => void]>
  for (const [type, listener] of entries) target.addEventListener(type, listener, { signal })
}
