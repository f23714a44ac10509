/** What an operation is to the driver: made once for each client, then asked for one request after the other. */

/** Seconds for a module to be imported, again for its setup, and for each client to open what it needs. */
export const MODULE_SECONDS = 60

/** A request that ended. Times are of `performance.now()`, ms. */
export interface Outcome {
  /** When the request went out and when the last byte of its answer was here; of several the earliest and the latest. */
  begun: number
  ended: number
  /** Why it failed: a short kind that is counted (`ECONNREFUSED`, `status 503`, `timeout`); undefined if it did not. */
  failed?: string
  /** Whether the target cannot be reached: connection refused, no route, name not found. A connection that is reset was reached. */
  isNetwork?: boolean
  /** Operations that it stands for, and their unit; 1 and `ops` where it is left out. */
  weight?: number
  unit?: string
  /** No request follows: what the client had to do is done. */
  isLast?: boolean
}

export interface ClientContext {
  task: string
  /** 0 .. clients - 1 among the clients of the task, of all members. */
  index: number
  clients: number
  /** Settings of the iteration of the run. */
  params: Record<string, string>
  /** Aborts when the task is cut short. */
  signal: AbortSignal
  /** The folder that it works in; staged files are there. */
  folder: string
}

/** One client's own: its connection, its share of the parameters. */
export interface Requester {
  /** Its requests end by themselves: a task without iterations and period goes on until then. */
  readonly isFinite?: boolean
  /** It has no request at all: what there was to do others have. */
  readonly isEmpty?: boolean
  /** Never rejects: what goes wrong is the outcome. */
  request(): Promise<Outcome>
  /** 0 to 1, of what has an end of its own. */
  progress?(): number
  close(): Promise<void>
}

export interface OperationRunner {
  /** @throws {BakError} why no client can be made: the module is missing, the address is none */
  open(context: ClientContext): Promise<Requester>
  /** What it needs is there: a target that can be reached. @returns how it names itself @throws {BakError} `unreachable` */
  probe?(signal: AbortSignal): Promise<{ target: string; server?: string }[]>
  close(): Promise<void>
}

export interface RunnerInit {
  /** The folder that requests work in; staged files are there. */
  folder: string
  /** Hears what is done with an operation before it can be asked for requests. */
  doing?(what: string): void
}
