import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Announcer } from '../../node/mesh/announcer.ts'
import { stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'

const announcing = suite('announcing oneself')
announcing.after(stayAwake())

const created: Announcer[] = []
announcing.after(() => {
  for (const each of created) each.stop()
})

function create() {
  const said: number[] = []
  const announcer = new Announcer({ say: version => void said.push(version), members: () => 2, onSteady: () => {} })
  created.push(announcer)
  return { announcer, said }
}

announcing('begins at once and repeats it soon, each time with a higher version', async () => {
  const { announcer, said } = create()
  const before = Date.now()
  announcer.start()
  assert.is(said.length, 1)
  assert.ok((said[0] as number) >= before)
  await until(() => said[2])
  assert.ok((said[1] as number) > (said[0] as number) && (said[2] as number) > (said[1] as number))
  assert.is(announcer.version, said.at(-1) as number)
})

announcing('changes that come together are told once; none is told by a peer that is not in the mesh', async () => {
  const { announcer, said } = create()
  announcer.soon()
  announcer.start()
  for (let i = 0; i < 10; i++) announcer.soon()
  await until(() => said[1])
  assert.is(said.length, 2)
  announcer.stop()
  announcer.soon()
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.is(said.length, 2)
})

announcing('what an earlier life said, by a clock that was an hour ahead, is outdone', () => {
  const { announcer, said } = create()
  const ahead = Date.now() + 3_600_000
  announcer.outdo(ahead)
  assert.equal(said, [])
  announcer.start()
  announcer.outdo(ahead)
  assert.is(said.at(-1), ahead + 1)
  announcer.outdo(ahead - 5)
  announcer.now()
  assert.equal(said.slice(1), [ahead + 1, ahead + 2])
})
announcing.run()
