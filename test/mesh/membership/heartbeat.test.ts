import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Heartbeat } from '../../../node/mesh/membership/heartbeat.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'

const announcing = suite('announcing oneself')
announcing.after(stayAwake())

const created: Heartbeat[] = []
announcing.after(() => {
  for (const each of created) each.stop()
})

function create() {
  const said: number[] = []
  const announcer = new Heartbeat({
    say: version => void said.push(version),
    members: () => 2,
    rests: () => false,
    onSteady: () => {}
  })
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

/** Minutes at which a peer that rests in some of them says that it is here. */
function saidAt(members: number, rests: (minute: number) => boolean, minutes: number): number[] {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let minute = 0
    const said: number[] = []
    const announcer = new Heartbeat(
      {
        say: () => void said.push(minute),
        members: () => members,
        rests: () => rests(minute),
        onSteady: () => {}
      },
      () => minute * 60_000
    )
    announcer.start()
    for (; minute < minutes; minute++) {
      const before = minute > 0 && rests(minute - 1)
      if (before && !rests(minute)) announcer.rested()
      mock.timers.tick(60_000)
    }
    announcer.stop()
    return said.filter(each => each > 0)
  } finally {
    mock.timers.reset()
  }
}

announcing('says that it is here once a minute, and the less often the larger the mesh is', () => {
  const [few, many, most] = [2, 64, 10_000].map(members => saidAt(members, () => false, 600).length) as [
    number,
    number,
    number
  ]
  assert.ok(few > 250 && few < 800, `${few} in a mesh of two`)
  assert.ok(many > 30 && many < 100, `${many} in one of 64`)
  assert.ok(most >= 25 && most < 60, `${most} in one of 10,000`)
})

announcing('one that measures says it every half hour, and soon after it has', () => {
  const said = saidAt(64, minute => minute >= 10 && minute < 130, 200)
  const resting = said.filter(minute => minute >= 10 && minute < 130)
  assert.ok(resting.length >= 2 && resting.length <= 4, String(said))
  assert.ok(
    said.some(minute => minute >= 130 && minute <= 145),
    String(said)
  )
})

announcing.run()
