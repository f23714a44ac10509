/** How long, and how often at once, runs of another peer may use a machine. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beyondCaps, type Caps } from '../../../node/agent/allow/caps.ts'
import { specOf } from '../../protocols/samples.ts'

const caps = suite('the limits of an owner')
const iteration = { name: 'default', args: [], params: {} }
const http = { type: 'http', url: 'http://127.0.0.1/', timeout: 10 }
const tasks = (more: object) => ({
  command: undefined,
  task: [{ name: 'get', operation: http, ...more }],
  load: { probe_timeout: 5 }
})
const table: Array<[caps: Caps, policy: object, more: object, beyond: RegExp | undefined]> = [
  [{}, { timeout: 0, lease: 31 * 86_400 }, { open: 99 }, undefined],
  [{ lease: '15m' }, { lease: 900 }, {}, undefined],
  [{ lease: '15m' }, { lease: 901 }, {}, /run_limits\.lease is 15m, and the run asks for 901 s/],
  [{ time: '1h' }, { timeout: 0 }, {}, /run_limits\.time is 1h, and the run names no longest time .*--timeout/],
  [{ time: '1h' }, { timeout: 3600 }, {}, undefined],
  [{ time: '1h' }, { timeout: 3601 }, {}, /the workloads of the run may take 3601 s/],
  [{ time: '1h' }, { timeout: 1200 }, { samples: 3 }, undefined],
  [{ time: '1h' }, { timeout: 1200 }, { samples: 2, iterations: [iteration, iteration] }, /may take 4800 s/],
  [{ time: '1h' }, {}, tasks({ time_period: 3_585 }), undefined],
  [{ time: '1h' }, {}, tasks({ time_period: 3_586 }), /may take 3601 s/],
  [{ time: '1h' }, {}, { ...tasks({ time_period: 1_785 }), samples: 2 }, undefined],
  [{ time: '1h' }, {}, tasks({ iterations: 3 }), /names no longest time/],
  [{ time: '1h' }, { timeout: 600 }, tasks({ iterations: 3 }), undefined],
  [{ runs: 2 }, {}, { open: 2 }, undefined],
  [{ runs: 2 }, {}, { open: 3 }, /run_limits\.runs is 2, and this would be run 3 of its controller here/],
  [{ uncollected: 100 }, {}, { left: 100 }, undefined],
  [{}, {}, { left: 101 }, undefined],
  [
    { uncollected: 100 },
    {},
    { left: 101 },
    /run_limits\.uncollected is 100, and 101 bytes of runs that are over are here: bak collect .*, bak gc --older 0s deletes them/
  ]
]
for (const [given, policy, { open = 1, left = 0, ...more }, beyond] of table as Array<
  [Caps, object, { open?: number; left?: number }, RegExp | undefined]
>) {
  const what = JSON.stringify({ ...policy, ...more, open, left })
  caps(`${JSON.stringify(given)} ${beyond == null ? 'lets in' : 'refuses'} ${what}`, () => {
    const found = beyondCaps(given, { spec: specOf({ policy, ...more }), open, left: () => left })
    if (beyond == null) assert.is(found, undefined)
    else assert.match(found ?? '', beyond)
  })
}
caps.run()
