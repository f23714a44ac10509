/** What membership must know about runs. The daemon hands it over, so that mesh does not depend on runs. */

export interface RunActivityEvents {
  /** Members have joined a run, or the run has ended. */
  participants: CustomEvent<{ controller: string }>
}

export interface RunActivity {
  /** @returns the runs in which a peer takes part now, as far as their controllers have announced it */
  runsOf(peer: string): Array<{ run: string; controller: string }>
  addEventListener<K extends keyof RunActivityEvents>(
    type: K,
    listener: (event: RunActivityEvents[K]) => void,
    options: { signal: AbortSignal }
  ): void
}
