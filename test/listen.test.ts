import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listen } from '../node/listen.ts'

interface Events {
  one: CustomEvent<number>
  two: CustomEvent<string>
}

const listening = suite('listen')

listening('calls each listener with the events of its own type', () => {
  const { target, seen } = listened()
  target.safeDispatchEvent('one', { detail: 1 })
  target.safeDispatchEvent('two', { detail: 'b' })
  assert.equal(seen, [1, 'b'])
})

listening('calls none of the listeners once the signal has aborted', () => {
  const { target, seen, stop } = listened()
  stop()
  target.safeDispatchEvent('one', { detail: 1 })
  target.safeDispatchEvent('two', { detail: 'b' })
  assert.equal(seen, [])
  assert.is(target.listenerCount('one') + target.listenerCount('two'), 0)
})

listening('leaves the listeners of others alone', () => {
  const { target, stop } = listened()
  let others = 0
  target.addEventListener('one', () => others++)
  stop()
  target.safeDispatchEvent('one', { detail: 1 })
  assert.is(others, 1)
})

listening.run()

function listened() {
  const target = new TypedEventEmitter<Events>()
  const seen: unknown[] = []
  const control = new AbortController()
  listen<Events>(target, control.signal, { one: add, two: add })
  return { target, seen, stop: () => control.abort() }

  function add({ detail }: CustomEvent<unknown>): void {
    seen.push(detail)
  }
}
