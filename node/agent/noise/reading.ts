/** What is read of a machine to say whether it is fit to measure: what holds at the moment, and counters at two instants. */

/** Shares are of all processors, 0 to 1; sizes are bytes. What this machine does not show is left out. */
export interface NoiseReading {
  /** Processors that are online. */
  processors: number
  governors: string[]
  /** Of frequencies: `intel_pstate`. */
  driver?: string | undefined
  turbo?: boolean | undefined
  /** `on`, `off`, `notsupported`, and whether two threads share a core now. */
  smt?: { control: string; active: boolean } | undefined
  /** The word that is chosen: `always`, `madvise`, `never`. */
  hugepages?: string | undefined
  swap: { size: number; used: number; swappiness?: number | undefined }
  /** Mean number of programs that ran or wanted to, in the last minute. */
  load?: number | undefined
  /** Part of the last 10 s in which some program waited, %. */
  pressure: { cpu?: number | undefined; memory?: number | undefined; io?: number | undefined }
  clocksource?: string | undefined
  memory: { size: number; available: number }
  disk?: { size: number; free: number } | undefined
  /** The tightest limits that this daemon is under. */
  limits: { cpus?: number | undefined; memory?: number | undefined; processors?: number | undefined }
  isolated: string
  nohzFull: string
  /** Times that a core or a package was throttled since the machine started. */
  throttled?: number | undefined
  /** Stolen time since the machine started, as a share. */
  stolen?: number | undefined
  /** What was counted between two instants; left out where they were too close to each other. */
  lately?: Lately | undefined
}

export interface Lately {
  /** ms */
  elapsed: number
  /** Time that others than this daemon had. */
  busy?: number | undefined
  stolen?: number | undefined
  /** Programs that took most, as parts of one processor. */
  busiest: Array<{ name: string; share: number }>
  throttled: number
  /** Pages that came and went per second. */
  swapped: number
  /** Periods in which the limit of this daemon's group held it up. */
  heldUp: number
}

/** Counters at an instant. */
export interface Counters {
  /** ms, monotonic. */
  at: number
  /** Of all processors, in ticks: `busy` without what was stolen. */
  ticks?: { busy: number; stolen: number; all: number } | undefined
  /** What this daemon has used, ms. */
  own: number
  /** Processor time of each other program, ms, by process id. */
  programs: Map<number, { name: string; time: number }>
  throttled?: number | undefined
  swapped: number
  heldUp: number
}
