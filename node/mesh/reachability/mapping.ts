/**
 * Asks the router to map one of its ports to the port of this peer: by UPnP, and by NAT-PMP where UPnP brings none. A peer that
 * listens on loopback only asks for nothing.
 */
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { isLoopback, isPrivate, isPrivateIp } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { asBakError } from '../../../protocols/errors.ts'
import { addressOf, type Endpoint, endpointOf } from '../../../protocols/observe.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { pause, within } from '../../wait.ts'
import { isRelayed } from './addresses.ts'
import { mapPort, type PmpMapping, unmapPort } from './nat-pmp.ts'
import { defaultRouter } from './router.ts'

/** How the router's list of mappings names the owner. */
const DESCRIPTION = 'bak'
/** Time for UPnP to map a port before NAT-PMP is tried; a router answers its discovery within 3 s. */
const UPNP_TIMEOUT_MS = 5_000
const UPNP_POLL_MS = 250
/** Lifetime that is asked for by NAT-PMP, in seconds, RFC 6886 section 3.3; a mapping is renewed at half of what was granted. */
const PMP_LIFETIME_S = 7_200
/** Where no router mapped a port, one may do so later: another network, another setting. */
const RETRY_PERIOD_MS = 600_000
/** A router that does not answer must not delay the stop. */
const UNMAP_TIMEOUT_MS = 1_000

export interface MappingComponents {
  events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'>
  addressManager: Pick<
    AddressManager,
    'getAddressesWithMetadata' | 'addPublicAddressMapping' | 'removePublicAddressMapping' | 'confirmObservedAddr'
  >
  transportManager: Pick<TransportManager, 'getAddrs'>
}

/** The part of libp2p's UPnP service that is used. */
export interface Upnp {
  start(): Promise<void>
  stop(): Promise<void>
  mapIpAddresses(): Promise<void>
}

/** The routers' protocols; a test brings its own. */
export interface PortMappers {
  upnp(components: MappingComponents): Promise<Upnp>
  router(): Promise<string | undefined>
  mapPort(router: string, port: number, lifetime: number): Promise<PmpMapping>
  unmapPort(router: string, port: number): Promise<void>
}

const realMappers: PortMappers = {
  upnp: async components => {
    // loaded only here: most peers need none of it
    const { uPnPNAT } = await import('@libp2p/upnp-nat')
    const make = uPnPNAT({ autoConfirmAddress: true, portMappingDescription: DESCRIPTION })
    return make(components as never) as unknown as Upnp
  },
  router: defaultRouter,
  mapPort,
  unmapPort
}

export interface MappingInit {
  log: Log
  /** Whether the owner of this machine allows to ask routers. */
  on: boolean
  mappers?: PortMappers
  /** ms */
  upnpTimeout?: number
}

/** A mapping by NAT-PMP. */
interface OwnMapping extends PmpMapping {
  router: string
  port: number
}

export class Mapping extends Part<MappingComponents, MappingInit> {
  readonly #log = this.init.log.with({}, 'mapping')
  readonly #mappers = this.init.mappers ?? realMappers
  readonly #upnpTimeout = this.init.upnpTimeout ?? UPNP_TIMEOUT_MS
  #upnp: Upnp | undefined
  #mapping: OwnMapping | undefined
  #timer: NodeJS.Timeout | undefined
  #begun = false

  afterStart(): void {
    if (!this.init.on) return
    listen<Libp2pEvents>(this.components.events, this.stopped, { 'transport:listening': () => this.#onListening() })
    this.#onListening()
  }

  override async stop(): Promise<void> {
    super.stop()
    clearTimeout(this.#timer)
    const unmapped = this.#mapping && this.#mappers.unmapPort(this.#mapping.router, this.#mapping.port)
    const all = Promise.allSettled([this.#upnp?.stop(), unmapped])
    await within(all, AbortSignal.timeout(UNMAP_TIMEOUT_MS)).catch(() => {})
  }

  #onListening(): void {
    if (this.#begun || this.#privateEndpoints().length === 0) return
    this.#begun = true
    this.#schedule(0, () => this.#begin())
  }

  async #begin(): Promise<void> {
    this.#upnp = await this.#mappers.upnp(this.components)
    await this.#upnp.start()
    await this.#pollUpnp(this.#upnp)
    this.#schedule(0, () => this.#tryPmp())
  }

  /** By itself the service waits 5 s after it has found the router, while other peers already look for worse paths. */
  async #pollUpnp(upnp: Upnp): Promise<void> {
    const signal = this.stopped
    const deadline = performance.now() + this.#upnpTimeout
    while (!this.#isMapped() && performance.now() < deadline && !signal.aborted) {
      await Promise.race([upnp.mapIpAddresses().catch(() => {}), pause(this.#upnpTimeout, signal)])
      await pause(UPNP_POLL_MS, signal)
    }
  }

  #isMapped(): boolean {
    return this.components.addressManager.getAddressesWithMetadata().some(({ type }) => type === 'ip-mapping')
  }

  /** @returns where this peer listens in a private IPv4 network */
  #privateEndpoints(): Endpoint[] {
    return this.components.transportManager
      .getAddrs()
      .filter(address => !isRelayed(address) && isPrivate(address) && !isLoopback(address))
      .map(address => endpointOf(address.toString()))
      .filter(({ host }) => !host.includes(':'))
  }

  async #tryPmp(): Promise<void> {
    const byUpnp = this.#mapping == null && this.#isMapped()
    const [port, router] = [this.#privateEndpoints()[0]?.port, await this.#mappers.router()]
    if (byUpnp || port == null || router == null) return this.#schedule(RETRY_PERIOD_MS, () => this.#tryPmp())
    try {
      const mapping = await this.#mappers.mapPort(router, port, PMP_LIFETIME_S)
      this.#add({ ...mapping, router, port })
      this.#schedule(Math.max(60, mapping.lifetime / 2) * 1000, () => this.#tryPmp())
    } catch (cause) {
      this.#remove()
      this.#log.debug('no port mapped', { router, why: asBakError(cause).message })
      this.#schedule(RETRY_PERIOD_MS, () => this.#tryPmp())
    }
  }

  #add(mapping: OwnMapping): void {
    const { external, internal, port, router } = mapping
    const before = this.#mapping?.external
    if (before?.host === external.host && before.port === external.port) return
    this.#remove()
    // the router is behind another one: nobody outside can dial its address
    if (isPrivateIp(external.host) === true) return
    this.#mapping = mapping
    this.components.addressManager.addPublicAddressMapping(internal, port, external.host, external.port, 'tcp')
    this.components.addressManager.confirmObservedAddr(multiaddr(addressOf(external)), { ttl: 2 ** 50 })
    this.#log.info('the router mapped a port', { router, address: addressOf(external) })
  }

  #remove(): void {
    if (this.#mapping == null) return
    const { external, internal, port } = this.#mapping
    this.#mapping = undefined
    this.components.addressManager.removePublicAddressMapping(internal, port, external.host, external.port, 'tcp')
  }

  #schedule(delay: number, act: () => Promise<void> | void): void {
    if (this.stopped.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      Promise.resolve(act()).catch(error => this.#log.debug('no port mapped', { why: asBakError(error).message }))
    }, delay).unref()
  }
}
