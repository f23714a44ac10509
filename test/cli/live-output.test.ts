/** Output that comes with gaps, as the daemon leaves some out for a reader that is slow. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Begun, CallResponse } from '../../protocols/control.ts'
import type { EventBody, LiveBody, RunEvent } from '../../protocols/events.ts'
import { created, ended, RUN, timed, useFakes, yields } from './fake.ts'

const test = suite('output that comes with gaps')
const fake = useFakes(test)

type Line = Begun | RunEvent
const started: Begun = { run: RUN, existed: false, absent: [] }
const step = { number: 1, name: 'default', sample: 1 }
const exited: EventBody = {
  ...{ type: 'workload-ended', step, exit: 0, duration: 1, timedOut: false },
  written: { stdout: 9, stderr: 0 }
}
const output = (offset: number, text: string): LiveBody => ({ type: 'output', stream: 'stdout', offset, text })
const portion = (stream: 'stdout' | 'stderr', text: string) => ({ path: 'x', member: 'a', stream, text })
const gappy = [output(0, 'one'), output(6, 'thr'), exited]

test('a run whose output goes to a file gets all bytes in order, from the result once it has ended', async () => {
  const { bak } = await fake({
    run: yields<Line>(started, ...timed(created, ...gappy, ended())),
    logs: yields<CallResponse<'logs'>>(
      { ...portion('stdout', 'of a server'), workload: 'server' },
      portion('stdout', 'on'),
      portion('stderr', 'no'),
      portion('stdout', 'etwo'),
      portion('stdout', 'thr')
    )
  })
  const { stdout, stderr } = await bak('run', '--', 'x')
  assert.is(stdout, 'onetwothr')
  assert.not.match(stderr, /bytes of stdout/)
})

test('what came last and was left out is fetched, too', async () => {
  const { bak } = await fake({
    run: yields<Line>(started, ...timed(created, output(0, 'onetwo'), exited, ended())),
    logs: yields(portion('stdout', 'onetwothr'))
  })
  assert.is((await bak('run', '--', 'x')).stdout, 'onetwothr')
})

test('what cannot be fetched is counted on stderr, and nothing else is in stdout', async () => {
  const { bak } = await fake({
    run: yields<Line>(started, ...timed(created, ...gappy, ended())),
    logs: yields(portion('stdout', 'onetwo'))
  })
  const { stdout, stderr } = await bak('run', '--', 'x')
  assert.is(stdout, 'onetwo')
  assert.match(stderr, new RegExp(`^3 bytes of stdout are not shown: bak logs ${RUN} --stdout$`, 'm'))
})

test('a run from which one detaches, or that is only followed, says how much is not shown', async () => {
  const { bak } = await fake({
    run: yields<Line>(started, ...timed(created, ...gappy)),
    attach: yields(...timed(created, ...gappy, ended()))
  })
  const left = await bak('run', '--', 'x')
  assert.is(left.stdout, 'one')
  assert.match(left.stderr, /^6 bytes of stdout are not shown: .*\n.*lost contact with run .*\n$/m)
  const attached = await bak('attach', 'last')
  assert.is(attached.stdout, 'onethr')
  assert.match(attached.stderr, /^3 bytes of stdout are not shown: /m)
})

test.run()
