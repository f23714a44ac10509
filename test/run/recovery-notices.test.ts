/** Who is told that a run is over which a killed daemon left open. */
import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RecoveryNotices } from '../../node/run/recovery-notices.ts'
import { newSigner } from '../helpers/streams.ts'
import { notice } from '../protocols/samples.ts'

const notices = suite('notices of a recovery')
const signer = newSigner()

function meshOf(peers: string[]) {
  const here = new Set(peers)
  const reached = new Set<string>()
  const published: string[] = []
  const members = {
    list: () => [...peers, signer.peer].map(peer => ({ peer })) as never,
    isHere: (peer: string) => here.has(peer)
  }
  const feed = {
    reaches: (wanted: string[]) => wanted.every(peer => reached.has(peer)),
    publish: ({ signed }: { signed: { value: { run: string } } }) => void published.push(signed.value.run)
  }
  return { here, reached, published, parts: { members, feed } as never }
}

notices('are published when a message reaches somebody who was not told, and then no more', () => {
  const mesh = meshOf(['a', 'b'])
  const recovery = new RecoveryNotices(mesh.parts, signer)
  recovery.add(notice)
  recovery.stop()
  recovery.tell()
  assert.equal(mesh.published, [], 'nobody is connected yet')
  mesh.reached.add('a')
  recovery.tell()
  recovery.tell()
  assert.is(mesh.published.length, 1)
  mesh.here.delete('b')
  mesh.reached.add('b')
  recovery.tell()
  assert.is(mesh.published.length, 1, 'b is not here')
  mesh.here.add('b')
  recovery.tell()
  assert.is(mesh.published.length, 2)
})

notices('of a run whose end took long to find are told as long as any', () => {
  mock.timers.enable({ apis: ['setInterval'] })
  const real = performance.now
  let at = 0
  performance.now = () => at
  try {
    const mesh = meshOf(['a'])
    const recovery = new RecoveryNotices(mesh.parts, signer)
    at = 300_000
    recovery.add(notice)
    mock.timers.tick(500)
    mesh.reached.add('a')
    mock.timers.tick(500)
    assert.is(mesh.published.length, 1)
  } finally {
    performance.now = real
    mock.timers.reset()
  }
})

notices.run()
