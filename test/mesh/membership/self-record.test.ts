import { multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SelfRecord } from '../../../node/mesh/membership/self-record.ts'
import { open } from '../../../protocols/envelope.ts'
import { memberSubject } from '../../../protocols/hello.ts'
import { newSigner } from '../../helpers/streams.ts'
import { record as sample } from '../../protocols/samples.ts'

const test = suite('record of this peer')
const signer = newSigner()

function create(addresses: string[]) {
  const network = { addresses, proof: Uint8Array.of(1) }
  const self = new SelfRecord(
    {
      addressManager: {
        getAddresses: () => network.addresses.map(each => multiaddr(each)),
        getAddressesWithMetadata: () => []
      },
      authority: {
        get ownProofBytes() {
          return network.proof
        }
      }
    },
    { signer, description: sample }
  )
  return { self, network }
}

test('is signed with the version, the addresses and the proof of the moment', () => {
  const { self, network } = create(['/ip4/192.0.2.7/tcp/1'])
  self.change({ labels: { rack: '7' } })
  network.proof = Uint8Array.of(2)
  const { record, sealed } = self.sealAs(9)
  assert.equal(open(memberSubject, sealed), { value: record, by: signer.peer, envelope: sealed })
  assert.equal([record.version, record.addresses, record.labels], [9, ['/ip4/192.0.2.7/tcp/1'], { rack: '7' }])
  assert.equal(record.proof, Uint8Array.of(2))
  assert.is(self.value.version, 9)
})

test('knows whether the announced addresses are still right', () => {
  const { self, network } = create(['/ip4/192.0.2.7/tcp/1'])
  assert.ok(self.hasMoved, 'nothing was announced yet')
  self.sealAs(1)
  assert.not(self.hasMoved)
  network.addresses = ['/ip4/192.0.2.8/tcp/1']
  assert.ok(self.hasMoved)
})

test('has no more addresses than a record may have', () => {
  const { self } = create(Array.from({ length: 40 }, (_, i) => `/ip4/192.0.2.7/tcp/${i + 1}`))
  assert.is(self.value.addresses.length, 32)
})

test.run()
