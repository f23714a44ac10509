/** A run on a controller whose daemon is not there, driven to its end by members that answer as a test says. */
import { Driver, type DriverOptions } from '../../node/run/driver.ts'
import { describePhase } from '../../node/run/plan.ts'
import type { Signer } from '../../protocols/envelope.ts'
import type { Ack, Command, WorkloadResult } from '../../protocols/phase.ts'
import { controller } from '../protocols/samples.ts'
import { ackOf, CAPABILITIES, fakeRun } from './run.ts'

export const WELL: WorkloadResult = { exit: 0, duration: 5, timedOut: false }

export type Said = Partial<Ack> | 'silent' | undefined

interface Given extends DriverOptions {
  spec?: object
  joined?: boolean
  /** What a member says, at once or later; nothing at all for `silent`. */
  say?(command: Command, rank: number): Said | Promise<Said>
}

/** A run whose members, and whose controller, answer each command at once. */
export async function driverOf({ spec = {}, joined = false, say = () => ({}), ...options }: Given = {}) {
  const made = await fakeRun({ members: 2, joined, spec: { sysinfo: 'none', ...spec } })
  const driver = new Driver(made.run, options)
  const all: Signer[] = [...made.signers, controller]
  const usual = ({ phase, at }: Command): Partial<Ack> => {
    if (phase === 'join') return { capabilities: CAPABILITIES }
    if (phase === 'start') return { began: at }
    return phase === 'work' ? { workload: WELL } : {}
  }
  const commands: Command[] = []
  made.onCommand = command => {
    if (command.attempt === 0) commands.push(command)
    // an answer takes its time
    setImmediate(() => {
      const peers = command.phase === 'work' ? [controller.peer] : all.map(({ peer }) => peer)
      const asked = all.filter(({ peer }) => (command.to ?? peers).includes(peer))
      const answer = (signer: Signer, said: Said) => {
        if (said !== 'silent') driver.receive([ackOf(command, signer, { ...usual(command), ...said })])
      }
      for (const signer of asked) {
        const said = say(command, all.indexOf(signer))
        if (said instanceof Promise) void said.then(later => answer(signer, later))
        else answer(signer, said)
      }
    })
  }
  const phases = () => commands.map(describePhase)
  return { ...made, driver, commands, phases }
}
