/** Whom a machine tells what it is, and what stops it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SysinfoService } from '../../node/agent/sysinfo-service.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Role } from '../../protocols/membership.ts'
import { ask, type Handler, serve } from '../../protocols/stream.ts'
import type { ItemName } from '../../protocols/sysinfo/items.ts'
import { type SysinfoResponse, sysinfoProtocol } from '../../protocols/sysinfo/live.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('sysinfo of a peer as it is now')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const [self, ops, agent, banned] = [newSigner().peer, newSigner().peer, newSigner().peer, newSigner().peer]
const roles: Record<string, Role> = { [self]: 'agent', [ops]: 'controller', [agent]: 'agent', [banned]: 'controller' }

async function service() {
  let handler: Handler<never, unknown> | undefined
  const streams = {
    serve: async (_: unknown, served: Handler<never, unknown>) => {
      handler = served
    }
  }
  const part = new SysinfoService(
    {
      streams: streams as unknown as Streams,
      authority: { roleOf: peer => roles[peer] },
      allowance: {
        check: async peer => {
          if (peer === banned) throw new BakError('not-allowed', 'allow.controllers does not name it')
        }
      }
    },
    { self, home: { root: scratch() } }
  )
  await part.start()
  const link = (peer: string) => linkTo(serve(sysinfoProtocol, handler as never), peer, { yamux: true })
  const asked = async (peer: string, items: ItemName[], signal = AbortSignal.timeout(10_000)) => {
    const answers: SysinfoResponse[] = []
    for await (const each of ask(link(peer).open, sysinfoProtocol, { items }, { signal })) answers.push(each)
    return answers
  }
  return { part, link, asked }
}
const codeOf = (work: Promise<unknown>) => work.then(() => 'ok').catch(({ code }) => code)

test('a controller, and the peer itself, get a file for each item', async () => {
  const { asked } = await service()
  for (const peer of [ops, self]) {
    const answers = await asked(peer, ['os', 'cpu', 'cpu'])
    const files = answers.flatMap(each => (each.type === 'file' ? [each.file] : []))
    assert.equal(files.sort(), ['cpu.json', 'os.json'])
  }
})

test('what could not be read is named', async () => {
  const { asked } = await service()
  const answers = await asked(ops, ['ethtool', 'containers'])
  for (const each of answers)
    if (each.type === 'missing')
      assert.ok(each.missing.every(({ kind, reason }) => kind === 'sysinfo' && reason !== ''))
  assert.ok(answers.length > 0)
})

test('an agent gets nothing, nor whom the owner of the machine does not let in', async () => {
  const { asked } = await service()
  assert.is(await codeOf(asked(agent, ['os'])), 'not-allowed')
  assert.is(await codeOf(asked(banned, ['os'])), 'not-allowed')
})

test('an item that there is not is a bad message', async () => {
  const { asked } = await service()
  assert.is(await codeOf(asked(ops, ['shadow' as ItemName])), 'bad-message')
  assert.is(await codeOf(asked(ops, [])), 'bad-message')
})

test('who goes away before it is there keeps nobody else waiting', async () => {
  const { asked } = await service()
  const leaving = new AbortController()
  const gone = codeOf(asked(ops, ['noise', 'packages'], leaving.signal))
  setTimeout(() => leaving.abort(new BakError('cancelled', 'the person left')), 20)
  assert.is.not(await gone, 'ok')
  assert.is((await asked(ops, ['os'])).length, 1)
})

test('a stop of the daemon ends what is asked', async () => {
  const { asked, part } = await service()
  const open = asked(ops, ['noise', 'packages', 'os'])
  const over = open.then(
    answers => answers.length,
    () => 0
  )
  part.stop()
  assert.type(await over, 'number')
})

test.run()
