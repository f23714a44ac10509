/** Publishes the commands of one run: signs each attempt, chooses the topic, and says whether one hop reaches all who are asked. */
import { seal } from '../../protocols/envelope.ts'
import { type Command, commandSubject } from '../../protocols/phase.ts'
import type { RunContext } from './run-context.ts'

/** A command names the peers that it is for up to this many; above that all members act. */
export const MAX_NAMED = 256

export class Dispatch {
  readonly #run: RunContext

  constructor(run: RunContext) {
    this.#run = run
  }

  /** @param waiting peers that have not answered yet: a repeat is for them only */
  send(command: Command, waiting: string[]): void {
    const { signer, feed } = this.#run.parts
    const others = waiting.filter(peer => peer !== signer.peer)
    const isRepeat = command.attempt > 0
    const topic = command.phase === 'join' ? undefined : command.run
    const value: Command = {
      ...command,
      to: isRepeat && waiting.length <= MAX_NAMED ? waiting : command.to,
      oneHop: !isRepeat && feed.reaches(others, topic) ? true : undefined
    }
    const signed = { by: signer.peer, value, envelope: seal(commandSubject, value, signer) }
    // a phase of the controller alone concerns nobody else
    if (others.length === 0) feed.handle({ type: 'command', signed })
    else feed.publish({ type: 'command', signed })
  }
}
