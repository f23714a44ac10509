/** Which facts of a machine stand out, from where on, and in which words: tables of readings. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgeNoise } from '../../../node/agent/noise/judge-noise.ts'
import type { Lately, NoiseReading } from '../../../node/agent/noise/reading.ts'
import { NOISE_FACTS, type NoiseFact, type NoiseFinding } from '../../../protocols/sysinfo/noise.ts'

const GIB = 1024 ** 3

const judging = suite('whether a machine is fit to measure')

/** A machine in which nothing stands out. */
const fit: NoiseReading = {
  processors: 8,
  governors: ['performance'],
  turbo: false,
  smt: { control: 'off', active: false },
  hugepages: 'madvise',
  swap: { size: 0, used: 0, swappiness: 60 },
  load: 0.1,
  pressure: { cpu: 0, memory: 0, io: 0 },
  clocksource: 'tsc',
  memory: { size: 64 * GIB, available: 60 * GIB },
  disk: { size: 500 * GIB, free: 400 * GIB },
  limits: {},
  isolated: '',
  nohzFull: '',
  throttled: 0,
  stolen: 0
}
const lately: Lately = { elapsed: 1_000, busy: 0.5, stolen: 0, busiest: [], throttled: 0, swapped: 0, heldUp: 0 }

const of = (fact: NoiseFact, reading: Partial<NoiseReading>) =>
  judgeNoise({ ...fit, ...reading }).find(each => each.fact === fact)

judging('every fact of a machine in order is fit', () => {
  const found = judgeNoise(fit)
  assert.equal(
    found.map(({ fact }) => fact),
    Object.keys(NOISE_FACTS)
  )
  assert.equal(
    found.filter(({ level }) => level !== 'fit'),
    []
  )
})

const table: Array<[NoiseFact, Partial<NoiseReading>, NoiseFinding['level'], value: string | RegExp]> = [
  ['load', { load: 0.7 }, 'fit', '0.70 on 8 processors'],
  ['load', { load: 0.8 }, 'note', /^0\.80/],
  ['load', { load: 2 }, 'unfit', /^2\.00 on 8/],
  ['load', { load: 2, lately: { ...lately, busy: 0.01 } }, 'note', /; calm now$/],
  ['load', { load: 2, lately: { ...lately, busy: undefined } }, 'unfit', /^2\.00/],
  [
    'load',
    {
      load: 9,
      lately: {
        ...lately,
        busiest: [
          { name: 'cc1', share: 1.5 },
          { name: 'ld', share: 0.4 }
        ]
      }
    },
    'unfit',
    '9.00 on 8 processors; busiest: cc1 150 %, ld 40 %'
  ],
  ['load', { load: 0.3, processors: 1 }, 'unfit', '0.30 on 1 processor'],
  ['pressure', { pressure: { cpu: 4.9, memory: 0, io: 0 } }, 'fit', 'processor 4.9 %'],
  ['pressure', { pressure: { cpu: 12, memory: 0.2, io: 6 } }, 'unfit', 'processor 12.0 %, memory 0.2 %, disk 6.0 %'],
  ['pressure', { pressure: { cpu: 0, memory: 1, io: 0 } }, 'unfit', 'memory 1.0 %'],
  ['pressure', { pressure: { io: 5 } }, 'note', 'disk 5.0 %'],
  ['steal', { stolen: 0.1 }, 'note', '10.0 % since it started'],
  ['steal', { stolen: 0, lately: { ...lately, stolen: 0.03 } }, 'unfit', '3.0 % now, 0.0 % since it started'],
  // a single tick of 10 ms
  ['steal', { stolen: 0, processors: 1, lately: { ...lately, elapsed: 200, stolen: 0.05 } }, 'fit', /^5\.0 % now/],
  ['throttling', { throttled: 12 }, 'note', '12 times since it started'],
  [
    'throttling',
    { throttled: 12, lately: { ...lately, throttled: 2 } },
    'unfit',
    '12 times since it started, 2 just now'
  ],
  ['governor', { governors: [] }, 'fit', 'not to be seen here'],
  ['governor', { governors: ['powersave', 'powersave'], driver: 'intel_pstate' }, 'unfit', 'powersave (intel_pstate)'],
  ['governor', { governors: ['performance', 'schedutil'] }, 'unfit', 'performance on 1 of 2, schedutil on 1 of 2'],
  ['turbo', { turbo: true }, 'note', 'on'],
  ['smt', { smt: { control: 'on', active: true } }, 'note', 'on'],
  ['smt', { smt: { control: 'notsupported', active: false } }, 'fit', 'notsupported'],
  ['clocksource', { clocksource: 'kvm-clock' }, 'fit', 'kvm-clock'],
  ['clocksource', { clocksource: 'arch_sys_counter' }, 'fit', 'arch_sys_counter'],
  ['clocksource', { clocksource: 'hpet' }, 'unfit', 'hpet'],
  ['clocksource', { clocksource: 'jiffies' }, 'unfit', 'jiffies'],
  ['limits', { limits: { cpus: 1.5, memory: 2 * GIB } }, 'note', '1.5 of 8 processors, 2.0 GiB of 64.0 GiB of memory'],
  ['limits', { limits: { processors: 2 } }, 'note', 'on 2 of 8 processors only'],
  ['limits', { limits: { cpus: 8, memory: 64 * GIB, processors: 8 } }, 'fit', 'none'],
  ['limits', { limits: { cpus: 2 }, lately: { ...lately, heldUp: 3 } }, 'unfit', /held up 3 times just now/],
  ['isolation', { isolated: '2-7', nohzFull: '2-7' }, 'note', 'isolated 2-7, tickless 2-7'],
  ['isolation', { nohzFull: '2-7' }, 'fit', 'tickless 2-7'],
  ['memory', { memory: { size: 64 * GIB, available: 5 * GIB } }, 'unfit', '5.0 GiB of 64.0 GiB available'],
  ['memory', { memory: { size: 64 * GIB, available: 10 * GIB } }, 'note', /^10\.0/],
  ['swap', { swap: { size: 8 * GIB, used: 0, swappiness: 1 } }, 'fit', /^0\.0 GiB of 8\.0 GiB in use, swappiness 1$/],
  ['swap', { swap: { size: 8 * GIB, used: 0, swappiness: 60 } }, 'note', /swappiness 60/],
  ['swap', { swap: { size: 8 * GIB, used: 4 * GIB } }, 'unfit', '4.0 GiB of 8.0 GiB in use'],
  ['swap', { swap: { size: 8 * GIB, used: 1 }, lately: { ...lately, swapped: 300 } }, 'unfit', /300 pages a second/],
  ['hugepages', { hugepages: 'always' }, 'note', 'always'],
  ['hugepages', { hugepages: 'never' }, 'fit', 'never'],
  ['disk', { disk: { size: 500 * GIB, free: 1 } }, 'unfit', '0.0 GiB of 500.0 GiB free'],
  ['disk', { disk: { size: 100 * GIB, free: 8 * GIB } }, 'note', /^8\.0/],
  ['disk', { disk: { size: 10_000 * GIB, free: 100 * GIB } }, 'fit', /^100\.0/]
]
for (const [fact, reading, level, value] of table)
  judging(`${fact}: ${value} is ${level}`, () => {
    const found = of(fact, reading)
    assert.is(found?.level, level)
    if (typeof value === 'string') assert.is(found?.value, value)
    else assert.match(found?.value as string, value)
  })

judging('what a machine does not show is no finding', () => {
  const found = judgeNoise({
    ...{ processors: 2, governors: [], swap: { size: 0, used: 0 }, pressure: {}, memory: { size: 0, available: 0 } },
    ...{ limits: {}, isolated: '', nohzFull: '' }
  })
  assert.equal(
    found.map(({ fact }) => fact),
    ['governor', 'limits', 'isolation', 'swap']
  )
})

judging('no value is longer than a line', () => {
  const busiest = Array.from({ length: 3 }, () => ({ name: 'x'.repeat(200), share: 1 }))
  assert.ok((of('load', { load: 9, lately: { ...lately, busiest } })?.value.length ?? 0) <= 160)
})

judging.run()
