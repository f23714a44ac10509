/**
 * The composition root, which with its lists of services (mesh, run, agent) is alone in knowing all parts. Everything that starts
 * and stops is a libp2p service, so there is one life cycle; the control socket opens last and closes first.
 */
import { arch, cpus, platform, totalmem } from 'node:os'
import { inspect } from 'node:util'
import type { Libp2p } from '@libp2p/interface'
import type { SettingInForce } from '../protocols/control.ts'
import { serveControl } from '../protocols/control-http.ts'
import { BakError, type ErrorCode } from '../protocols/errors.ts'
import type { Ticket } from '../protocols/ticket.ts'
import { PROGRAM } from '../protocols/version.ts'
import { limitTools } from './agent/allow/allow.ts'
import { agentServices } from './agent-services.ts'
import { openArtifacts } from './artifacts/artifacts.ts'
import type { Config } from './config.ts'
import { controlHandlers } from './control.ts'
import { type Identity, loadIdentity } from './key-file.ts'
import type { Log } from './log.ts'
import { LowNoiseMode } from './mesh/idle/low-noise.ts'
import type { Refusing } from './mesh/libp2p/encrypter.ts'
import { createMeshLibp2p, type NetworkInit, type ServiceList } from './mesh/libp2p/libp2p.ts'
import { ConnectionGater } from './mesh/limits/connection-gater.ts'
import { PeerScore, refuseCutOff } from './mesh/limits/peer-score.ts'
import { BoundNames } from './mesh/names/bound-names.ts'
import { AddressBook } from './mesh/peering/address-book.ts'
import { DialRule } from './mesh/reachability/dial-rule.ts'
import type { Relays } from './mesh/relay/relays.ts'
import { Authority } from './mesh/trust/authority.ts'
import { FirstJoin } from './mesh/trust/first-join.ts'
import { readTrust, TrustFileWriter } from './mesh/trust/trust-file.ts'
import { loadMesh, type MeshFile } from './mesh-file.ts'
import { meshServices } from './mesh-services.ts'
import type { Parts, Services } from './parts.ts'
import { Audit } from './processes/audit.ts'
import { Guards } from './processes/guards.ts'
import { Supervisor, sweep } from './processes/supervisor.ts'
import { runServices } from './run-services.ts'
import type { Home } from './store/home.ts'
import { JobRecords } from './store/job-records.ts'
import { takeLock } from './store/lock.ts'
import { removeTree } from './store/remove-tree.ts'
import { availabilityOf, Catalogue } from './tools/catalogue.ts'
import { Register } from './tools/register.ts'
import type { WorkloadContexts } from './work/workload-context.ts'

/** Interval at which a daemon that is to stop checks whether its last run is over. */
const IDLE_CHECK_MS = 200

export interface DaemonInit {
  home: Home
  config: Config
  ticket?: Ticket
  log: Log
  settings?: SettingInForce[]
  /** Stop after the first run that this peer took part in. */
  once?: boolean
  /** Called when someone asks the daemon to stop over its control socket. */
  onStop(): void
  /** The ticket of this peer, which has never let it in, will not do so. */
  onShutOut(why: string): void
}

export interface Daemon {
  parts: Parts
  stop(): Promise<void>
}

/** @throws {BakError} `busy` if another daemon has the home, `bad-config`, `cannot-create` */
export async function startDaemon(init: DaemonInit): Promise<Daemon> {
  const { home, log } = init
  const lock = await takeLock(home.lock, home.socket)
  try {
    const swept = await sweep(home.ledger)
    if (swept > 0) log.warn('ended what an earlier daemon left running', { groups: swept })
    await removeTree(home.reports)
    const identity = await loadIdentity(home)
    const mesh = await loadMesh(home, identity, init.ticket)
    if (mesh.mesh === identity.peer) await mesh.update({ admitted: true })
    return await compose(init, identity, mesh, () => lock.release())
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function compose(
  init: DaemonInit,
  identity: Identity,
  mesh: MeshFile,
  release: () => Promise<void>
): Promise<Daemon> {
  const { home, log, config } = init
  const supervisor = new Supervisor({ ledger: home.ledger })
  const audit = new Audit({ path: home.audit, onError: why => log.error('the audit was not written', { why }) })
  const { allow, run_limits: limits } = config
  const guards = await Guards.open({ home: home.root, work: home.work(), supervisor, audit, limits, allow })
  const register = await Register.open(home.registered)
  const catalogue = new Catalogue(home.tools, ({ why }) => log.warn('a tool of the owner is damaged', { why }))
  const addressBook = await AddressBook.open(home.peers)
  const { artifacts: folder, sources } = home
  const artifacts = await openArtifacts({ folder, sources, limits: config.artifacts, self: identity.peer })
  const names = await BoundNames.open(home.controllers)
  const jobRecords = new JobRecords({ folder: home.jobs, self: identity.peer, log })
  const common = { log, home, signer: identity, program: PROGRAM, artifacts, names, jobRecords }
  const self = {
    name: config.name,
    state: 'alive' as const,
    labels: config.label,
    tools: limitTools(config.allow, availabilityOf(await catalogue.list({ isQuick: true })), home.config),
    registered: register.list(),
    triggers: register.triggers(),
    runs: [],
    cores: cpus().length,
    memory: totalmem(),
    os: platform(),
    arch: arch(),
    program: PROGRAM,
    started: Date.now()
  }
  const keeper = new TrustFileWriter(home, error => log.error('trust.json was not written', { why: error.message }))
  const authority = new Authority({
    ...{ mesh: mesh.mesh, signer: identity, log, proof: mesh.proof, secrets: mesh.secrets },
    known: await readTrust(home),
    save: file => keeper.save(file)
  })
  const workloads: WorkloadContexts = new Map()
  const firstJoin = new FirstJoin()
  let relays: Relays | undefined
  const peerScore = new PeerScore({ log, nameOf: peer => parts.members.get(peer)?.shown })
  const gater = new ConnectionGater({ peerScore, log })
  const lowNoise = new LowNoiseMode()
  const networkInit = {
    mesh: mesh.mesh,
    secrets: authority.secrets,
    admission: refuseCutOff(peerScore, authority),
    ...{ peerScore, gater, lowNoise },
    key: identity.raw,
    announce: config.announce,
    behindRelays: () => relays?.addresses() ?? [],
    onRefused: (refusing: Refusing) => {
      const { direction, address, peer, code, by, reason } = refusing
      log.refused('handshake refused', { direction, from: address, peer, code, by, why: reason })
      firstJoin.refused(refusing)
    }
  }
  const onAlone = () => {
    const why = mesh.admitted ? undefined : firstJoin.finalRefusal()
    if (why != null) init.onShutOut(why)
    return why == null
  }
  const services = {
    ...meshServices({
      ...{ ...common, config, mesh, self, lowNoise, authority, peerScore, gater, addressBook, onAlone },
      encrypterInit: networkInit,
      onRelays: made => {
        relays = made
      }
    }),
    ...runServices({
      ...{ ...common, workloads, supervisor, limits: config.receive_limits, archive: config.allow.archive },
      mesh: mesh.mesh,
      async collectedSeries(run, signal) {
        // an idle daemon has no use for it
        const { makeCollectedSeries } = await import('./agent/series/collected-series.ts')
        await makeCollectedSeries(run, { supervisor, log: common.log }, signal)
      }
    }),
    ...agentServices({
      ...{ ...common, config, register, catalogue, supervisor, guards, workloads },
      onRunOver: () => init.once && stopWhenIdle(parts)
    })
  }
  const network = await listen(networkInit, services, config.listen, mesh)
  const addresses = () => network.services.reachability.addresses()
  await rememberPort(mesh, addresses())
  const parts: Parts = {
    ...network.services,
    ...{ home, log, identity, mesh, guards, supervisor, artifacts, jobRecords, network, addresses },
    started: self.started,
    settings: init.settings ?? [],
    onStop: init.onStop
  }
  const control = await serveControl(controlHandlers(parts), home.socket, {
    log: (format, ...words) => log.debug('call', { format, words: words.join(' ') })
  }).catch(async cause => {
    await network.stop()
    await keeper.close()
    await supervisor.close()
    jobRecords.close()
    throw cause
  })
  for (const words of guards.inWords()) log.info('programs of others', { words })
  return {
    parts,
    stop: async () => {
      await parts.coordinator.close()
      await network.stop()
      await keeper.close()
      await control.close()
      await supervisor.close()
      jobRecords.close()
      await release()
    }
  }
}

/** A run is over for the agent before its controller has sealed the result. */
function stopWhenIdle(parts: Parts): void {
  if (parts.coordinator.drivers().length === 0 && parts.agent.runs().length === 0) parts.onStop()
  else setTimeout(() => stopWhenIdle(parts), IDLE_CHECK_MS)
}

/** Takes the port of the last start again, unless another program has it now. */
async function listen(
  init: Omit<NetworkInit, 'listen'>,
  services: ServiceList<Services>,
  wanted: string[],
  mesh: MeshFile
): Promise<Libp2p<Services>> {
  const again = wanted.map(address => (mesh.port == null ? address : address.replace(/\/tcp\/0$/, `/tcp/${mesh.port}`)))
  const dialRule = new DialRule({ listen: wanted, ticketAddresses: mesh.ticketAddresses })
  for (const addresses of [again, wanted]) {
    const network = await createMeshLibp2p({ ...init, listen: addresses, dialRule }, services)
    try {
      await network.start()
      return network
    } catch (error) {
      await network.stop()
      if (addresses === wanted || String(again) === String(wanted)) throw notListening(error, addresses)
    }
  }
  throw new Error('unreachable')
}

/** libp2p names the addresses, but has the cause only in its text. */
function notListening(cause: unknown, addresses: string[]): unknown {
  const [, code = ''] = /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES|EAFNOSUPPORT)\b/.exec(inspect(cause)) ?? []
  const known: Record<string, [ErrorCode, string]> = {
    EADDRINUSE: ['busy', 'another program has the port'],
    EADDRNOTAVAIL: ['bad-config', 'this machine does not have the address'],
    EAFNOSUPPORT: ['bad-config', 'this machine does not have this kind of address'],
    EACCES: ['not-allowed', 'only root may listen on this port']
  }
  const [errorCode, why] = known[code] ?? []
  if (errorCode == null) return cause
  return new BakError(errorCode, `cannot listen on ${addresses.join(', ')}: ${why}; choose another --listen`, { cause })
}

async function rememberPort(mesh: MeshFile, addresses: string[]): Promise<void> {
  const port = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1])
  if (Number.isInteger(port)) await mesh.update({ port })
}
