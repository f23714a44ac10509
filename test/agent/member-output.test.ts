/** Whom a member gives the output of its own instances, and how long it goes on. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { MemberOutput } from '../../node/agent/member-output.ts'
import type { MemberState } from '../../node/agent/member-state.ts'
import type { State } from '../../node/agent/states.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import type { Role } from '../../protocols/membership.ts'
import { memberOutputProtocol } from '../../protocols/output.ts'
import { askOutput } from '../../protocols/output-exchange.ts'
import { spec } from '../../protocols/spec.ts'
import { type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { run } from '../protocols/samples.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('the output of a member')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const [self, ops, other, stranger] = [newSigner().peer, newSigner().peer, newSigner().peer, newSigner().peer]
const roles: Record<string, Role> = { [self]: 'agent', [ops]: 'controller', [other]: 'agent', [stranger]: 'agent' }
const folder = '1-default/sample1/workload/a/server'

/** A member that takes part in a run with `other`. */
async function member() {
  const data = scratch()
  await plant(data, { [`${folder}/stdout.txt`]: 'one ', [`${folder}/times.txt`]: '10 4 0\n' })
  const state: { state: State } & Partial<MemberState> = {
    ...{ data, state: 'running', clock: { offset: 0, bound: 0 } },
    candidates: new Set([self, other]),
    offer: { spec: v.parse(spec, { workload: [{ name: 'server', command: ['x'] }] }) } as MemberState['offer']
  }
  let handler: Handler<never, unknown> | undefined
  const streams = {
    serve: async (_: unknown, served: Handler<never, unknown>) => {
      handler = served
    }
  }
  const part = new MemberOutput(
    {
      streams: streams as unknown as Streams,
      authority: { roleOf: peer => roles[peer] },
      agent: { member: id => (id === run ? (state as MemberState) : undefined) }
    },
    { self }
  )
  await part.start()
  const ask = (peer: string, request = {}) => {
    const way = linkTo(serve(memberOutputProtocol, handler as never), peer, { yamux: true })
    return askOutput(way.open, memberOutputProtocol, { run, ...request }, { signal: AbortSignal.timeout(10_000) })
  }
  return { ask, state, data, part }
}
const codeOf = (work: Promise<unknown>) => work.then(() => 'ok').catch(({ code }) => code)

for (const [who, peer, expected] of [
  ['itself', self, 'ok'],
  ['a controller', ops, 'ok'],
  ['another that takes part', other, 'ok'],
  ['an agent that takes no part', stranger, 'not-allowed']
] as const) {
  test(`is ${expected === 'ok' ? '' : 'not '}given to ${who}`, async () => {
    const { ask } = await member()
    assert.is(await codeOf(Array.fromAsync(ask(peer))), expected)
    assert.is(
      await codeOf(Array.fromAsync(ask(peer, { run: `${run.slice(0, -1)}x` }))),
      peer === self || peer === ops ? 'no-such-run' : 'not-allowed'
    )
  })
}

test('is what the caller lacks, and goes on until its part in the run is over', async () => {
  const { ask, state, data } = await member()
  const given = ask(ops, { follow: true, skip: [{ path: `${folder}/stdout.txt`, bytes: 2 }] })
  const next = async () => (await given.next()).value
  assert.is((await next())?.text, 'e ')
  assert.ok('caughtUp' in ((await next()) ?? {}))
  appendFileSync(join(data, folder, 'stdout.txt'), 'two')
  const more = await next()
  assert.equal([more?.text, more?.offset], ['two', 4])
  state.state = 'ended'
  assert.is(await next(), undefined)
})

test('ends with its daemon', async () => {
  const { ask, part } = await member()
  const given = ask(ops, { follow: true })
  await given.next()
  await given.next()
  const next = codeOf(given.next())
  part.stop()
  assert.is(await next, 'interrupted')
})

test.run()
