import { getEventListeners } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inTime, nextEvent, onAbort, pause, within } from '../node/wait.ts'
import { BakError } from '../protocols/errors.ts'

const LONG_MS = 60_000
const waits = suite('waits')

const listenersOf = (target: EventTarget, type = 'abort') => getEventListeners(target, type).length

waits('a pause ends after its time', async () => {
  const { signal } = new AbortController()
  await pause(1, signal)
  assert.is(listenersOf(signal), 0)
})

waits('a pause ends early, and without an error, when the signal aborts', async () => {
  const stopped = new AbortController()
  const pausing = pause(LONG_MS, stopped.signal)
  stopped.abort()
  await pausing
  await pause(LONG_MS, stopped.signal)
})

waits('work within a signal gives its own result and leaves no listener', async () => {
  const { signal } = new AbortController()
  assert.is(await within(Promise.resolve(1), signal), 1)
  assert.is(await within(Promise.reject(new Error('own')), signal).catch(({ message }) => message), 'own')
  assert.is(listenersOf(signal), 0)
})

waits('work within a signal fails with the reason of the signal', async () => {
  const stopped = new AbortController()
  const working = within(new Promise(() => {}), stopped.signal)
  stopped.abort(new BakError('interrupted', 'stopped'))
  assert.is(await working.catch(({ code }) => code), 'interrupted')
  const again = within(new Promise(() => {}), stopped.signal)
  assert.is(await again.catch(({ code }) => code), 'interrupted')
})

waits('work within a time is over with itself, the signal or the time, whichever comes first', async () => {
  const late = () => new BakError('timeout', 'too late')
  const forever = new Promise<never>(() => {})
  const messageOf = (work: Promise<unknown>) => work.catch(error => (error as Error).message)
  assert.is(await inTime(Promise.resolve(7), { ms: LONG_MS, late }), 7)
  assert.is(await messageOf(inTime(forever, { ms: 10, late })), 'too late')
  const stopped = AbortSignal.abort(new BakError('interrupted', 'stopped'))
  assert.is(await messageOf(inTime(forever, { ms: LONG_MS, signal: stopped, late })), 'stopped')
  assert.is(await messageOf(inTime(Promise.reject(new Error('failed')), { ms: LONG_MS, late })), 'failed')
})

waits('an abort is noticed once, also where it came before', () => {
  const stopped = new AbortController()
  let count = 0
  onAbort(stopped.signal, () => count++)
  stopped.abort()
  assert.is(count, 1)
  onAbort(stopped.signal, () => count++)
  assert.is(count, 2)
})

waits('an abort is not noticed any more after the listener was removed', () => {
  const stopped = new AbortController()
  onAbort(stopped.signal, () => assert.unreachable())()
  stopped.abort()
})

waits('the wait for an event ends with the event or with the signal, and leaves no listener', async () => {
  const target = new EventTarget()
  const stopped = new AbortController()
  const first = nextEvent(target, 'change', stopped.signal)
  target.dispatchEvent(new Event('change'))
  await first
  const second = nextEvent(target, 'change', stopped.signal)
  stopped.abort()
  await second
  await nextEvent(target, 'change', stopped.signal)
  assert.is(listenersOf(target, 'change') + listenersOf(stopped.signal), 0)
})

waits.run()
