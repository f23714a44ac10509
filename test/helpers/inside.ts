/** Daemons in the process of a test, which can do with each of them what a member with changed code does. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../node/config.ts'
import { type Daemon, startDaemon } from '../../node/daemon.ts'
import { createLog } from '../../node/log.ts'
import { openHome } from '../../node/store/home.ts'
import { check, type Schema } from '../../protocols/codec.ts'
import { type DaemonSettings, daemonSettings } from '../../protocols/config-file.ts'
import { callDaemon, callOnce } from '../../protocols/control-http.ts'
import type { EndedEvent, RunEvent } from '../../protocols/events.ts'
import type { Role } from '../../protocols/membership.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import type { SpecInput } from '../../protocols/spec.ts'
import { readTicket, type Ticket } from '../../protocols/ticket.ts'
import { specOf } from '../protocols/samples.ts'
import { eventually } from './networks.ts'

export interface Ended {
  run: string
  ended: EndedEvent
  events: RunEvent[]
  record: RunRecord
  folder: string
}

export class Inside {
  readonly folder = mkdtempSync(join(tmpdir(), 'bak-inside-'))
  readonly #daemons = new Map<string, Daemon>()

  /** Starts daemons that see each other; the first one founds the mesh. */
  static async start(settings: Record<string, DaemonSettings>): Promise<Inside> {
    const inside = new Inside()
    try {
      let ticket: Ticket | undefined
      for (const [name, own] of Object.entries(settings)) {
        const daemon = await inside.#start(name, own, ticket)
        ticket ??= readTicket((await callOnce(daemon.parts.home.socket, 'invite', {})).ticket)
      }
      const size = inside.#daemons.size
      await eventually('all see all', () =>
        [...inside.#daemons.values()].every(({ parts }) => parts.members.list().length === size)
      )
      return inside
    } catch (cause) {
      await inside.stop()
      throw cause
    }
  }

  /** One more, whose role is another than that of the others. */
  async join(name: string, role: Role): Promise<void> {
    const [first] = this.#daemons.values()
    const { ticket } = await callOnce(first?.parts.home.socket as string, 'invite', { role })
    const { parts } = await this.#start(name, {}, readTicket(ticket))
    await eventually(`all see ${name}`, () =>
      [...this.#daemons.values()].every(each => each.parts.members.isHere(parts.identity.peer))
    )
  }

  async #start(name: string, own: DaemonSettings, ticket: Ticket | undefined): Promise<Daemon> {
    const home = await openHome(join(this.folder, name))
    const usual = { name, listen: ['/ip4/127.0.0.1/tcp/0'], upnp: false }
    const given = check(daemonSettings as Schema<DaemonSettings>, { ...usual, ...own })
    const { receive_limits, artifacts, ...flags } = given
    const config = await loadConfig(home, flags)
    Object.assign(config.receive_limits, receive_limits)
    Object.assign(config.artifacts, artifacts)
    const silent = { log: createLog('error', () => {}), onStop: () => {}, onShutOut: () => {} }
    const daemon = await startDaemon({ home, config, ticket, ...silent })
    this.#daemons.set(name, daemon)
    return daemon
  }

  daemon(name: string): Daemon {
    const daemon = this.#daemons.get(name)
    if (daemon == null) throw new Error(`no daemon ${name}`)
    return daemon
  }

  /** Drives a run from a daemon to its end. */
  async run(
    name: string,
    spec: Partial<SpecInput>,
    onEvent: (event: RunEvent, run: string) => void = () => {}
  ): Promise<Ended> {
    const { home } = this.daemon(name).parts
    const request = { spec: specOf({ sysinfo: 'none', tools: [], ...spec }), directory: this.folder, env: {} }
    const events: RunEvent[] = []
    let run = ''
    for await (const event of callDaemon(home.socket, 'run', request)) {
      if ('existed' in event) {
        run = event.run
        continue
      }
      events.push(event)
      onEvent(event, run)
      if (event.type !== 'ended') continue
      const folder = home.runs(run)
      return { run, ended: event, events, folder, record: readRecord(readFileSync(join(folder, 'run.json'), 'utf8')) }
    }
    throw new Error(`run ${run} did not end`)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map(each => each.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
