import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Heartbeat } from '../../../node/mesh/membership/heartbeat.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'

const test = suite('heartbeat')
test.after(stayAwake())

const created: Heartbeat[] = []
test.after(() => {
  for (const each of created) each.stop()
})

function create() {
  const announced: number[] = []
  const heartbeat = new Heartbeat({
    publish: version => void announced.push(version),
    members: () => 2,
    mayPostpone: () => false,
    onPeriod: () => {}
  })
  created.push(heartbeat)
  return { heartbeat, announced }
}

test('announces at once and again soon, each time with a higher version', async () => {
  const { heartbeat, announced } = create()
  const before = Date.now()
  heartbeat.start()
  assert.is(announced.length, 1)
  assert.ok((announced[0] as number) >= before)
  await until(() => announced[2])
  assert.ok((announced[1] as number) > (announced[0] as number) && (announced[2] as number) > (announced[1] as number))
  assert.is(heartbeat.version, announced.at(-1) as number)
})

test('announces simultaneous changes once, and none before the start or after the stop', async () => {
  const { heartbeat, announced } = create()
  heartbeat.announceSoon()
  heartbeat.start()
  for (let i = 0; i < 10; i++) heartbeat.announceSoon()
  await until(() => announced[1])
  assert.is(announced.length, 2)
  heartbeat.stop()
  heartbeat.announceSoon()
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.is(announced.length, 2)
})

test('outbids the version of an earlier life whose clock was an hour ahead', () => {
  const { heartbeat, announced } = create()
  const ahead = Date.now() + 3_600_000
  heartbeat.outbid(ahead)
  assert.equal(announced, [])
  heartbeat.start()
  heartbeat.outbid(ahead)
  assert.is(announced.at(-1), ahead + 1)
  heartbeat.outbid(ahead - 5)
  heartbeat.announce()
  assert.equal(announced.slice(1), [ahead + 1, ahead + 2])
})

/** @returns minutes at which a peer announces itself that is in low-noise mode in some of them */
function announcedAt(members: number, isLowNoise: (minute: number) => boolean, minutes: number): number[] {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let minute = 0
    const announced: number[] = []
    const heartbeat = new Heartbeat(
      {
        publish: () => void announced.push(minute),
        members: () => members,
        mayPostpone: () => isLowNoise(minute),
        onPeriod: () => {}
      },
      () => minute * 60_000
    )
    heartbeat.start()
    for (; minute < minutes; minute++) {
      const before = minute > 0 && isLowNoise(minute - 1)
      if (before && !isLowNoise(minute)) heartbeat.catchUp()
      mock.timers.tick(60_000)
    }
    heartbeat.stop()
    return announced.filter(each => each > 0)
  } finally {
    mock.timers.reset()
  }
}

test('announces once a minute, and less often in a larger mesh', () => {
  const [few, many, most] = [2, 64, 10_000].map(members => announcedAt(members, () => false, 600).length) as [
    number,
    number,
    number
  ]
  assert.ok(few > 250 && few < 800, `${few} in a mesh of two`)
  assert.ok(many > 30 && many < 100, `${many} in one of 64`)
  assert.ok(most >= 25 && most < 60, `${most} in one of 10,000`)
})

test('announces every half hour in low-noise mode, and soon after it', () => {
  const announced = announcedAt(64, minute => minute >= 10 && minute < 130, 200)
  const postponed = announced.filter(minute => minute >= 10 && minute < 130)
  assert.ok(postponed.length >= 2 && postponed.length <= 4, String(announced))
  assert.ok(
    announced.some(minute => minute >= 130 && minute <= 145),
    String(announced)
  )
})

test.run()
