/** The parts of the phase `work` that are about tasks: what the clients of this member do, in its driver. Loaded with the first of them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { instanceFolder } from '../../../protocols/layout.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack, Command, Part, Step } from '../../../protocols/phase.ts'
import type { Iteration } from '../../../protocols/spec.ts'
import { DRIVER } from '../../../protocols/tasks/task.ts'
import { now } from '../../now.ts'
import type { Places } from '../../processes/programs.ts'
import { environmentOf, peersFileOf, serversOf } from '../../work/contract.ts'
import { addressedOperations } from '../../work/tasks/addressed-operations.ts'
import { driverProgram, putDriver } from '../../work/tasks/driver-program.ts'
import { clientsOfMember } from '../../work/tasks/member-clients.ts'
import { MemberLoad } from '../../work/tasks/member-load.ts'
import { RunningDriver } from '../../work/tasks/running-driver.ts'
import { placeStaged } from '../staging.ts'
import { measureBefore } from './compare-clocks.ts'
import type { PhaseContext } from './phase.ts'

/** The driver and its threads hear of an element so long before it begins, ms. */
const TOLD_BEFORE_MS = 20

export type LoadPart = Exclude<Part, 'servers' | 'clients' | 'jobs'>

/** @throws {BakError} why it could not be done; a task that fails is an answer, as a workload is */
export async function doLoadPart(part: LoadPart, context: PhaseContext): Promise<Pick<Ack, 'load'>> {
  const { command, member, signal } = context
  const { element = 0, at } = command
  if (member.interrupted)
    throw new BakError('interrupted', 'the daemon of this member was restarted: its clients ended then')
  if (part === 'prepare') {
    member.load ??= await loadOf(context)
    return { load: await member.load.prepare(signal) }
  }
  const { load } = member
  if (load == null) throw new BakError('state', 'the clients of this sample were not prepared')
  if (part === 'complete') return { load: await load.complete(element, signal) }
  if (part === 'tasks') {
    // elements may be an hour apart, in which clocks drift
    if (at != null) await measureBefore(at - TOLD_BEFORE_MS, context)
    return { load: await load.tasks(element, beginOf(command, member.clock.offset, now()), signal) }
  }
  await load.doOnce(part, signal)
  return {}
}

/** @returns when clients begin, by this clock; no later than the command said, since that may have been set back after it was compared */
export const beginOf = ({ at, issued }: Pick<Command, 'at' | 'issued'>, offset: number, here: number): number =>
  at == null ? here : Math.min(at + offset, here + at - issued)

async function loadOf({ command, member, parts }: PhaseContext): Promise<MemberLoad> {
  const { run, self: peer, name, data, folder, roster } = member
  const step = command.step as Step
  const iteration = member.offer.spec.iterations[step.number - 1] as Iteration
  const hosts = parts.hosts()
  const servers = serversOf(member.offer.spec, roster, hosts)
  const mine = roster.find(entry => entry.peer === peer) as RosterEntry
  const rank = mine.load ?? 0
  const spec = addressedOperations(member.offer.spec, servers, rank)
  const clients = clientsOfMember(spec, roster, name, iteration.params)
  if (clients == null) throw new BakError('state', 'this member has no clients')
  member.programs ??= parts.owner.programsOf(member)
  const { programs } = member
  const peersFile = peersFileOf({ run, self: peer, roster }, hosts)
  const size = roster.filter(each => each.load != null).length
  const told = { run, peer, rank, size, workload: DRIVER, step, iteration, servers }
  const prepare = async (places: Places) => {
    const { cwd, owner, out } = places
    await placeStaged(member, parts.swarms.store, { workload: DRIVER, cwd, ...owner })
    const peers = join(cwd, '.bak-peers.json')
    await writeFile(peers, peersFile, { mode: 0o644 })
    return { argv: await putDriver(places), env: environmentOf({ ...told, out, peers }) }
  }
  const { argv } = await driverProgram()
  return new MemberLoad({
    ...{ spec, params: iteration.params, clients },
    start: signal =>
      RunningDriver.start(
        {
          ...{ programs, sockets: parts.sockets, argv, prepare },
          folder: join(data, instanceFolder(step, name, DRIVER)),
          working: join(folder, 'working', DRIVER)
        },
        signal
      ),
    uplink: { run, step, open: parts.streams.to(member.lead.by) },
    offset: () => member.clock.offset
  })
}
