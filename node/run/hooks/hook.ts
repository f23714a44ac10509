/** What a phase means to the controller beside its answers: a file each, in the list of `index.ts`. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { PlannedPhase } from '../plan.ts'
import type { RunContext } from '../run-context.ts'

export interface RunHook {
  name: string
  /** Before the command of a phase. What it throws fails the phase. */
  before?(at: PlannedPhase, run: RunContext): void | Promise<void>
  /** An answer that counts has come while the phase is open. */
  answered?(at: PlannedPhase, answer: Signed<Ack>): void
  /** Once the phase is over, whether its quorum was met or not. */
  after?(at: PlannedPhase, run: RunContext, answers: Signed<Ack>[]): void | Promise<void>
  /** Always, before the result is sealed, also where `before` never ran. */
  close?(run: RunContext): Promise<void>
}
