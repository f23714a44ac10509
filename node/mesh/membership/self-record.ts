/** The record that this peer announces of itself. */
import type { AddressManager } from '@libp2p/interface-internal'
import { type Envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import { type MemberRecord, memberSubject } from '../../../protocols/hello.ts'
import { Part } from '../../part.ts'
import { announcedAddresses } from '../reachability/addresses.ts'
import type { Authority } from '../trust/authority.ts'

const MAX_ADDRESSES = 32

/** The part of the record that does not come from the network. */
export type Description = Omit<MemberRecord, 'peer' | 'version' | 'addresses' | 'proof'>

export interface SelfRecordComponents {
  addressManager: Pick<AddressManager, 'getAddresses' | 'getAddressesWithMetadata'>
  authority: Pick<Authority, 'ownProofBytes'>
}

export class SelfRecord extends Part<SelfRecordComponents, { signer: Signer; description: Description }> {
  #description = this.init.description
  #announced: { version: number; addresses: string[] } = { version: 0, addresses: [] }

  get peer(): string {
    return this.init.signer.peer
  }

  /** As of now, with the version that was announced last. */
  get value(): MemberRecord {
    const { peer } = this
    const { addressManager, authority } = this.components
    const proven = addressManager.getAddresses().map(String)
    const addresses = announcedAddresses(proven, addressManager.getAddressesWithMetadata(), peer).slice(
      0,
      MAX_ADDRESSES
    )
    return { ...this.#description, peer, version: this.#announced.version, addresses, proof: authority.ownProofBytes }
  }

  /** True if this peer has other addresses than it has announced. */
  get hasMoved(): boolean {
    return String(this.#announced.addresses) !== String(this.value.addresses)
  }

  change(part: Partial<Description>): void {
    this.#description = { ...this.#description, ...part }
  }

  /** Signs the record as of now, to be announced with this version. */
  sealAs(version: number): { record: MemberRecord; sealed: Envelope } {
    const record = { ...this.value, version }
    this.#announced = record
    return { record, sealed: seal(memberSubject, record, this.init.signer) }
  }
}
