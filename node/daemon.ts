/**
 * The composition root: the only file that knows all parts. Everything that starts and stops is a libp2p service, so there is
 * one life cycle; the control socket opens last and closes first.
 */
import { arch, cpus, platform, totalmem } from 'node:os'
import type { Libp2p } from '@libp2p/interface'
import { getProtocol } from '../protocols/content.ts'
import { serveControl } from '../protocols/control-http.ts'
import { readDuration } from '../protocols/duration.ts'
import { echoProtocol } from '../protocols/echo.ts'
import { runStreamProtocol } from '../protocols/run-stream.ts'
import { tarballProtocol } from '../protocols/tarball.ts'
import type { Ticket } from '../protocols/ticket.ts'
import { PROGRAM } from '../protocols/version.ts'
import { Agent } from './agent/agent.ts'
import { limitTools } from './agent/allow.ts'
import { Allowance } from './agent/allowance.ts'
import { Leftovers } from './agent/leftovers.ts'
import { Content } from './artifacts/content.ts'
import { RunStreamServer } from './channels/run-stream-server.ts'
import { Clock } from './clock/clock.ts'
import type { Config } from './config.ts'
import { controlHandlers } from './control.ts'
import { type Identity, loadIdentity } from './key-file.ts'
import type { Log } from './log.ts'
import { Adjacency } from './mesh/adjacency.ts'
import { Forwarding } from './mesh/forwarding.ts'
import { Gossip } from './mesh/gossip.ts'
import { DirectConnections } from './mesh/holepunch/direct-connections.ts'
import { LowNoiseMode } from './mesh/idle/low-noise.ts'
import { Traffic } from './mesh/idle/traffic.ts'
import type { Refusing } from './mesh/libp2p/encrypter.ts'
import { Encrypters } from './mesh/libp2p/encrypters.ts'
import { GossipHeartbeat } from './mesh/libp2p/gossip-heartbeat.ts'
import { createMeshLibp2p } from './mesh/libp2p/libp2p.ts'
import { ConnectionGater } from './mesh/limits/connection-gater.ts'
import { refuseCutOff } from './mesh/limits/cut-off.ts'
import { PeerScore } from './mesh/limits/peer-score.ts'
import { Members } from './mesh/membership/members.ts'
import { ConnectionMigration } from './mesh/paths/migration.ts'
import { Paths } from './mesh/paths/paths.ts'
import { AddressBook } from './mesh/peering/address-book.ts'
import { Dialer } from './mesh/peering/dialer.ts'
import { checkPermission } from './mesh/permissions.ts'
import { Mapping } from './mesh/reachability/mapping.ts'
import { Reachability } from './mesh/reachability/own-reachability.ts'
import { RelayOffer } from './mesh/relay/relay-offer.ts'
import { Relays } from './mesh/relay/relays.ts'
import { Streams } from './mesh/streams.ts'
import { Authority } from './mesh/trust/authority.ts'
import { FirstJoin } from './mesh/trust/first-join.ts'
import { MembershipEnforcer } from './mesh/trust/membership-enforcer.ts'
import { Renewal } from './mesh/trust/renewal.ts'
import { readTrust, TrustFileWriter } from './mesh/trust/trust-file.ts'
import { TrustPublisher } from './mesh/trust/trust-publisher.ts'
import { loadMesh, type MeshFile } from './mesh-file.ts'
import type { Parts } from './parts.ts'
import { Supervisor, sweep } from './processes/supervisor.ts'
import { CertificateReplicas } from './run/certificate-replicas.ts'
import { Collect } from './run/collect.ts'
import { Coordinator } from './run/coordinator.ts'
import { Echo } from './run/echo.ts'
import { Mover } from './run/mover.ts'
import { Receiver } from './run/receiver.ts'
import { RunFeed } from './run/run-feed.ts'
import { RunService } from './run/run-service.ts'
import type { Home } from './store/home.ts'
import { takeLock } from './store/lock.ts'
import { Register } from './tools/register.ts'
import type { WorkloadContexts } from './work/workload-context.ts'

/** How often a daemon that is to go looks whether it can, ms. */
const IDLE_CHECK = 200

export interface DaemonInit {
  home: Home
  config: Config
  ticket?: Ticket
  log: Log
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
  const lock = await takeLock(home.lock)
  try {
    const swept = await sweep(home.ledger)
    if (swept > 0) log.warn('ended what an earlier daemon left running', { groups: swept })
    const identity = await loadIdentity(home)
    const mesh = await loadMesh(home, identity, init.ticket)
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
  const register = await Register.open(home.registered)
  const addressBook = await AddressBook.open(home.peers)
  const common = { log, home, signer: identity, program: PROGRAM }
  const self = {
    name: config.name,
    state: 'alive' as const,
    labels: config.label,
    tools: limitTools(config.allow, await register.availability(), home.config),
    registered: register.list(),
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
  // nobody needs to find a revoked peer
  const knownPeers = () => addressBook.peers().filter(({ peer }) => !authority.proofRegistry.revoked.has(peer))
  const onAdmitted = () => {
    mesh.update({ admitted: true }).catch(error => log.error('mesh.json was not written', { why: error.message }))
  }
  const onAlone = () => {
    const why = mesh.admitted ? undefined : firstJoin.finalRefusal()
    if (why != null) init.onShutOut(why)
  }
  // libp2p makes the services in this order; each finds the earlier ones among its components
  type Make = (components: any) => unknown
  const services: Record<string, Make> = {
    lowNoise: () => lowNoise,
    traffic: () => new Traffic(),
    authority: () => authority,
    peerScore: c => peerScore.serve(c),
    gater: c => gater.serve(c),
    membershipEnforcer: c => new MembershipEnforcer(c, { onAdmitted }),
    encrypters: c => new Encrypters(c, networkInit),
    gossipHeartbeat: c => new GossipHeartbeat(c),
    gossip: c => new Gossip(c, { log, peerScore }),
    streams: c => new Streams(c, { log, peerScore }),
    forwarding: c =>
      new Forwarding(c, { log, protocols: [runStreamProtocol, tarballProtocol, getProtocol, echoProtocol] }),
    trustPublisher: c => new TrustPublisher(c, { log, self: identity.peer }),
    feed: c => new RunFeed(c, { mesh: mesh.mesh, log }),
    replicas: c => new CertificateReplicas(c, { log, self: identity.peer }),
    members: c => new Members(c, { ...common, mesh: mesh.mesh, self, runs: c.feed }),
    dialer: c => new Dialer(c, { log, ticketAddresses: mesh.ticketAddresses, knownPeers, onAlone }),
    renewal: c =>
      new Renewal(c, {
        ...{ log, self: identity.peer, lifetime: readDuration(config.membership as string) },
        isHere: peer => c.members.isHere(peer),
        save: proof => mesh.update({ proof })
      }),
    relayOffer: c => new RelayOffer(c, { ...common, mode: config.relay, limits: config.relay_limits }),
    relays: c => {
      relays = new Relays(c, { log })
      return relays
    },
    reachability: c => new Reachability(c),
    mapping: c => new Mapping(c, { log, on: config.upnp }),
    paths: c => new Paths(c),
    adjacency: c => new Adjacency(c, { mesh: mesh.mesh }),
    directConnections: c => new DirectConnections(c, { log, on: config.direct }),
    migration: c => new ConnectionMigration(c, { log }),
    addressBook: c => addressBook.serve({ members: c.members, authority, self: identity.peer }),
    clock: c => new Clock(c),
    echo: c => new Echo(c),
    content: c => new Content(c),
    runStreams: c => new RunStreamServer(c, common),
    receiver: c => new Receiver(c, common),
    allowance: c => new Allowance(c, { self: identity.peer, rules: config.allow, file: home.config }),
    agent: c => new Agent(c, { ...common, supervisor, workloads, onRunOver: () => init.once && stopWhenIdle(parts) }),
    coordinator: c => new Coordinator(c, { ...common, workloads }),
    runService: c => new RunService(c, common),
    leftovers: c => new Leftovers(c, common),
    collect: c => new Collect(c, common),
    mover: c => new Mover(c, common),
    register: c =>
      register.serve({
        streams: c.streams,
        check: async (peer, tools) => {
          if (peer !== identity.peer) checkPermission(c.authority, peer, 'register')
          await c.allowance.check(peer, tools)
        },
        onChange: registered => c.members.update({ registered })
      })
  }
  const network = await listen(networkInit, services, config.listen, mesh)
  const found = network.services as unknown as Omit<Parts, 'home'>
  const addresses = () => found.reachability.addresses()
  await rememberPort(mesh, addresses())
  const parts: Parts = {
    ...found,
    ...{ home, log, identity, mesh, started: self.started, network, addresses },
    onStop: init.onStop
  }
  const control = await serveControl(controlHandlers(parts), home.socket, {
    log: (format, ...words) => log.debug('call', { format, words: words.join(' ') })
  })
  return {
    parts,
    stop: async () => {
      await parts.coordinator.close()
      await network.stop()
      await keeper.close()
      await control.close()
      await supervisor.close()
      await release()
    }
  }
}

/** A run is over for the agent before its controller has sealed the result. */
function stopWhenIdle(parts: Parts): void {
  if (parts.coordinator.drivers().length === 0 && parts.agent.runs().length === 0) parts.onStop()
  else setTimeout(() => stopWhenIdle(parts), IDLE_CHECK)
}

/** Takes the port of the last start again, unless another program has it now. */
async function listen(
  init: Omit<Parameters<typeof createMeshLibp2p>[0], 'listen'>,
  services: any,
  wanted: string[],
  mesh: MeshFile
): Promise<Libp2p> {
  const again = wanted.map(address => (mesh.port == null ? address : address.replace(/\/tcp\/0$/, `/tcp/${mesh.port}`)))
  for (const addresses of [again, wanted]) {
    const network = await createMeshLibp2p({ ...init, listen: addresses }, services)
    try {
      await network.start()
      return network
    } catch (error) {
      await network.stop()
      if (addresses === wanted || String(again) === String(wanted)) throw error
    }
  }
  throw new Error('unreachable')
}

async function rememberPort(mesh: MeshFile, addresses: string[]): Promise<void> {
  const port = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1])
  if (Number.isInteger(port)) await mesh.update({ port })
}
