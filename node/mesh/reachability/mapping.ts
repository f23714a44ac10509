/**
 * Asks the router for a port that leads to this peer's: by UPnP, and by NAT-PMP where that brings nothing. Only where this peer
 * listens in a private network at all: nothing is sent for one that is on its own machine only.
 */
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { isLoopback, isPrivate, isPrivateIp } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { asBakError } from '../../../protocols/errors.ts'
import { addressOf, type Endpoint, endpointOf } from '../../../protocols/observe.ts'
import type { Log } from '../../log.ts'
import { isRelayed } from './addresses.ts'
import { mapPort, type PmpMapping, unmapPort } from './nat-pmp.ts'
import { defaultRouter } from './router.ts'

/** What the router's own list of ports says whose it is. */
const DESCRIPTION = 'bak'
/** UPnP has brought a port after this, or brings none, ms. */
const UPNP = 5_000
const LOOK = 250
/** Seconds that a port is asked for by NAT-PMP; it is renewed at half of that. RFC 6886, section 3.3. */
const LIFETIME = 7_200
/** Where no router gave a port one may later, ms. */
const AGAIN = 600_000
/** A router that does not answer does not keep this peer from leaving, ms. */
const FAREWELL = 1_000

export interface MappingComponents {
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  transportManager: TransportManager
}

interface Upnp {
  start(): Promise<void>
  stop(): Promise<void>
  mapIpAddresses(): Promise<void>
}

interface HeldMapping extends PmpMapping {
  router: string
  port: number
}

export class Mapping {
  readonly #components: MappingComponents
  readonly #on: boolean
  readonly #log: Log
  #upnp: Upnp | undefined
  #held: HeldMapping | undefined
  #timer: NodeJS.Timeout | undefined
  #begun = false
  #stopped = false

  /** @param init.on whether the owner of this machine lets it ask */
  constructor(components: MappingComponents, init: { log: Log; on: boolean }) {
    this.#components = components
    this.#on = init.on
    this.#log = init.log.with({}, 'mapping')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  afterStart(): void {
    if (!this.#on) return
    this.#components.events.addEventListener('transport:listening', this.#onListening)
    this.#onListening()
  }

  readonly #onListening = (): void => {
    if (this.#begun || this.#near().length === 0) return
    this.#begun = true
    this.#later(0, () => this.#begin())
  }

  async #begin(): Promise<void> {
    // most peers need none of it
    const { uPnPNAT } = await import('@libp2p/upnp-nat')
    const make = uPnPNAT({ autoConfirmAddress: true, portMappingDescription: DESCRIPTION })
    this.#upnp = make(this.#components as never) as unknown as Upnp
    await this.#upnp.start()
    await this.#hurry(this.#upnp)
    this.#later(0, () => this.#tryPmp())
  }

  /** Left alone it waits 5 s after it has found the router, while other peers look for worse ways. */
  async #hurry(upnp: Upnp): Promise<void> {
    const late = performance.now() + UPNP
    while (!this.#isMapped() && performance.now() < late && !this.#stopped) {
      await Promise.race([upnp.mapIpAddresses(), sleep(UPNP)])
      await sleep(LOOK)
    }
  }

  #isMapped(): boolean {
    return this.#components.addressManager.getAddressesWithMetadata().some(({ type }) => type === 'ip-mapping')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#components.events.removeEventListener('transport:listening', this.#onListening)
    clearTimeout(this.#timer)
    const giveBack = this.#held == null ? undefined : unmapPort(this.#held.router, this.#held.port)
    const all = Promise.allSettled([this.#upnp?.stop(), giveBack])
    await Promise.race([all, new Promise(resolve => setTimeout(resolve, FAREWELL).unref())])
  }

  /** @returns where this peer listens in a private network */
  #near(): Endpoint[] {
    return this.#components.transportManager
      .getAddrs()
      .filter(address => !isRelayed(address) && isPrivate(address) && !isLoopback(address))
      .map(address => endpointOf(address.toString()))
      .filter(({ host }) => !host.includes(':'))
  }

  async #tryPmp(): Promise<void> {
    const byUpnp = this.#held == null && this.#isMapped()
    const [port, router] = [this.#near()[0]?.port, await defaultRouter()]
    if (byUpnp || port == null || router == null) return this.#later(AGAIN, () => this.#tryPmp())
    try {
      const mapping = await mapPort(router, port, LIFETIME)
      this.#take({ ...mapping, router, port })
      this.#later(Math.max(60, mapping.lifetime / 2) * 1000, () => this.#tryPmp())
    } catch (cause) {
      this.#drop()
      this.#log.debug('no port', { router, why: asBakError(cause).message })
      this.#later(AGAIN, () => this.#tryPmp())
    }
  }

  #take(held: HeldMapping): void {
    const { external, internal, port } = held
    const before = this.#held
    if (before?.external.host === external.host && before.external.port === external.port) return
    this.#drop()
    // a router behind another: its outside is nobody's way in
    if (isPrivateIp(external.host) === true) return
    this.#held = held
    this.#components.addressManager.addPublicAddressMapping(internal, port, external.host, external.port, 'tcp')
    this.#components.addressManager.confirmObservedAddr(multiaddr(addressOf(external)), { ttl: 2 ** 50 })
    this.#log.info('the router opened a port', { router: held.router, address: addressOf(external) })
  }

  #drop(): void {
    if (this.#held == null) return
    const { external, internal, port } = this.#held
    this.#held = undefined
    this.#components.addressManager.removePublicAddressMapping(internal, port, external.host, external.port, 'tcp')
  }

  #later(delay: number, act: () => Promise<void> | void): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      Promise.resolve(act()).catch(error => this.#log.debug('no port', { why: asBakError(error).message }))
    }, delay).unref()
  }
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
