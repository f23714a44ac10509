/** What other peers may ask about the runs that are driven from here, or whose folder is here: follow, cancel, describe. */
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol, type ToolChange } from '../../protocols/changed-tools.ts'
import { BakError } from '../../protocols/errors.ts'
import { attachProtocol, describeProtocol } from '../../protocols/events.ts'
import { type OutputRequest, outputProtocol } from '../../protocols/output.ts'
import { answerOutput } from '../../protocols/output-exchange.ts'
import { runListProtocol } from '../../protocols/run-list.ts'
import type { Members } from '../mesh/membership/members.ts'
import { checkPermission, isController, type Permission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Coordinator } from './coordinator.ts'
import type { Driver } from './driver.ts'
import type { AfterRun } from './moving/after-run.ts'
import { linesForOthers } from './run-lines.ts'

export interface RunServiceComponents {
  streams: Streams
  members: Members
  authority: Roles
  coordinator: Coordinator
  afterRun: Pick<AfterRun, 'follow'>
}

export class RunService extends Part<RunServiceComponents, { signer: { peer: string } }> {
  async start(): Promise<void> {
    const { streams, coordinator } = this.components
    await streams.serve(attachProtocol, (request, { peer, signal }) => this.#attach(request, peer, signal))
    const output = answerOutput((request, { peer, signal }) => this.#output(request, peer, signal))
    await streams.serve(outputProtocol, output)
    await streams.serve(cancelProtocol, (request, { peer }) => this.#cancel(request, peer))
    await streams.serve(changeToolsProtocol, (request, { peer, signal }) => this.#changeTools(request, peer, signal))
    await streams.serve(runListProtocol, async function* () {
      yield await linesForOthers(coordinator)
    })
    await streams.serve(describeProtocol, async function* ({ run }) {
      yield await coordinator.describe(run)
    })
  }

  async *#attach({ run, from }: { run: string; from: number }, peer: string, signal: AbortSignal) {
    await this.#checkReader(run, peer)
    yield* this.components.afterRun.follow(run, from, signal)
  }

  async *#output(request: OutputRequest, peer: string, signal: AbortSignal) {
    await this.#checkReader(request.run, peer)
    yield* this.components.coordinator.output(request, signal)
  }

  /** The output of a run is for controllers, and for those who take part in it. @throws {BakError} `not-allowed` */
  async #checkReader(run: string, peer: string): Promise<void> {
    const { authority } = this.components
    const isAllowed = isController(authority.roleOf(peer)) || (await this.#takesPart(run, peer))
    if (!isAllowed) checkPermission(authority, peer, 'follow')
  }

  async #takesPart(run: string, peer: string): Promise<boolean> {
    const { coordinator } = this.components
    const driver = coordinator.driver(run)
    if (driver != null) return driver.run.nameOf(peer) != null
    const record = await coordinator.record(run)
    return record != null && [...record.roster, ...record.excluded].some(each => each.peer === peer)
  }

  async *#cancel({ run, reason }: { run: string; reason: string }, peer: string) {
    const driver = await this.#driverFor(run, peer, 'cancel')
    yield { accepted: driver.cancel(this.#shown(peer), reason) }
  }

  async *#changeTools({ run, ...asked }: { run: string } & ToolChange, peer: string, signal: AbortSignal) {
    const driver = await this.#driverFor(run, peer, 'attach')
    yield await driver.changed.change(asked, this.#shown(peer), signal)
  }

  /** @throws {BakError} `not-allowed`, `no-such-run` */
  async #driverFor(run: string, peer: string, permission: Permission): Promise<Driver> {
    const { authority, coordinator } = this.components
    if (peer !== this.init.signer.peer) checkPermission(authority, peer, permission)
    const driver = coordinator.driver(run)
    if (driver != null) return driver
    const record = await coordinator.record(run)
    const why = record == null ? 'is not driven from here' : `has ended already: ${record.verdict ?? record.state}`
    throw new BakError('no-such-run', `run ${run} ${why}`)
  }

  #shown = (peer: string) => this.components.members.get(peer)?.shown ?? peer
}
