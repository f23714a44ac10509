/** What the caller of `bak run` gives to the workload of a run: on the controller only; it never leaves the machine. */
export interface WorkloadContext {
  directory: string
  env: Record<string, string>
  /** Aborts when the run is cancelled: the workload ends, and its result is still reported. */
  signal: AbortSignal
  /** @param folder where the workload's output and files go */
  onStarted(pid: number, folder: string): void
}

/** By run. The controller's side of a run fills it, the member's side on the same machine reads it. */
export type WorkloadContexts = Map<string, WorkloadContext>
