/** A daemon that takes calls and does not answer is told of; one that only takes long is not. */
import { once } from 'node:events'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askDaemon, tellSilence } from '../../cli/silence.ts'
import type { CallHandlers } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { asBakError } from '../../protocols/errors.ts'
import { timed, useFakes } from './fake.ts'

const test = suite('a silent daemon')
const fake = useFakes(test)
const PATIENCE = { silence: 20, answer: 100 }

async function* never(_: unknown, { signal }: { signal: AbortSignal }): AsyncGenerator<never> {
  await once(signal, 'abort')
}
const stopped = { ls: never, status: never, attach: never } as Partial<CallHandlers>
/** It is there, and says so: what it answers does not matter. */
async function* refuses(): AsyncGenerator<never> {
  throw new Error('no state here')
}
const socketOf = async (handlers: Partial<CallHandlers>) => join((await fake(handlers)).home, 'bak.sock')

test('that answers nothing at all ends a call with an error that says so', async () => {
  const socket = await socketOf(stopped)
  const error = asBakError(await askDaemon(socket, 'ls', {}, PATIENCE).catch(cause => cause))
  assert.is(error.code, 'timeout')
  assert.is(error.message, 'the daemon here does not answer: is it stopped, or its machine overloaded?')
})

test('is none if it answers other calls: one that takes long is waited for', async () => {
  const answer = { runs: [] }
  const socket = await socketOf({
    status: refuses,
    async *ls() {
      await new Promise(resolve => setTimeout(resolve, 400))
      yield answer
    }
  })
  // on a busy machine also this answer takes its time
  assert.equal(await askDaemon(socket, 'ls', {}, { ...PATIENCE, answer: 10_000 }), answer)
})

test('is none if an answer comes while it is asked whether it is there', async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let isAsked = false
  const socket = await socketOf({
    async *status(request, options) {
      ask()
      // later questions are answered at once
      yield* isAsked ? refuses() : never(request, options)
    },
    async *attach() {
      await asked
      isAsked = true
      yield* timed({ type: 'offered' })
      await ended
    }
  })
  const told: string[] = []
  const patience = { silence: 50, answer: 400 }
  // later than the question would have been given up, sooner than the next one is
  for await (const _ of tellSilence(
    callDaemon(socket, 'attach', { run: 'x' }),
    socket,
    text => told.push(text),
    patience
  ))
    setTimeout(end, 500)
  assert.equal(told, [])
})

test('is told of once while a run is followed, and again when it goes on; the run is waited for', async () => {
  const { promise: resumed, resolve: resume } = Promise.withResolvers<void>()
  const socket = await socketOf({
    status: never,
    async *attach() {
      yield* timed({ type: 'offered' })
      await resumed
      yield* timed({ type: 'offered' })
    }
  })
  const told: string[] = []
  const tell = (text: string) => {
    told.push(text)
    setTimeout(resume, 300)
  }
  const types: string[] = []
  for await (const { type } of tellSilence(callDaemon(socket, 'attach', { run: 'x' }), socket, tell, PATIENCE))
    types.push(type)
  assert.equal(types, ['offered', 'offered'])
  assert.equal(told, [
    'bak: the daemon here does not answer: is it stopped, or its machine overloaded? Waiting for it',
    'bak: the daemon here answers again'
  ])
})

test('does not keep a person who leaves', async () => {
  const socket = await socketOf(stopped)
  const leaving = new AbortController()
  const events = callDaemon(socket, 'attach', { run: 'x' }, { signal: leaving.signal })
  const told = tellSilence(events, socket, () => leaving.abort(), PATIENCE)
  assert.is(asBakError(await told.next().catch(cause => cause)).code, 'interrupted')
})

test.run()
