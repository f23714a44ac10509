/** What a peer says of its tools to others, and in its record. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ToolDescriptions } from '../../node/agent/tool-descriptions.ts'
import { createLog } from '../../node/log.ts'
import { Catalogue } from '../../node/tools/catalogue.ts'
import { listTools } from '../../node/tools/index.ts'
import { describeToolsProtocol } from '../../protocols/describe-tools.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { Availability } from '../../protocols/hello.ts'
import { askOne, type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('what a peer says of its tools')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const peer = newSigner().peer

async function descriptions() {
  const folder = join(scratch(), 'tools.d')
  const catalogue = new Catalogue(folder)
  const self = { tools: [] as Availability[] }
  let lists = 0
  let handler: Handler<never, unknown> | undefined
  const part = new ToolDescriptions(
    {
      streams: {
        serve: async (_, each) => {
          handler = each as Handler<never, unknown>
        }
      },
      members: {
        self: self as never,
        update: ({ tools = [] }) => {
          self.tools = tools
        }
      }
    },
    {
      catalogue: {
        stamp: () => catalogue.stamp(),
        list: (how, name) => {
          lists++
          return catalogue.list(how, name)
        }
      },
      limit: tools => tools.map(each => (each.tool === 'sar' ? { ...each, usable: false, reason: 'sar: no' } : each)),
      log: createLog('error', () => {})
    }
  )
  await part.start()
  const link = () => linkTo(serve(describeToolsProtocol, handler as never), peer)
  const ask = (tool?: string, by = link()) =>
    askOne(by.open, describeToolsProtocol, { tool }, { signal: AbortSignal.timeout(10_000) })
  return { part, folder, self, ask, link, lists: () => lists }
}

function put(folder: string, file: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, file), text, { mode: 0o600 })
}

test('without a name it says of each tool whether it can be used here, and keeps its record up to date', async () => {
  const { part, folder, self, ask } = await descriptions()
  put(folder, 'mine.toml', 'command = ["sleep", "9"]\nsummary = "mine"')
  put(folder, 'bad.toml', 'command = 1')
  const { tools, damaged } = await ask()
  assert.equal(
    tools.map(({ tool }) => tool),
    [...listTools().map(({ name }) => name), 'mine']
  )
  assert.equal(tools.at(-1), { tool: 'mine', usable: true, summary: 'mine', owners: true })
  assert.is(tools.find(({ tool }) => tool === 'sar')?.reason, 'sar: no')
  assert.ok(tools.every(({ detail }) => detail == null))
  assert.is(damaged[0]?.tool, 'bad')
  assert.equal(
    self.tools.slice(-2).map(({ tool, usable }) => [tool, usable]),
    [
      ['mine', true],
      ['bad', false]
    ]
  )
  part.stop()
})

test('of one tool it says all; of one that it does not have, nothing', async () => {
  const { part, self, ask } = await descriptions()
  const { tools } = await ask('pidstat')
  assert.is(tools.length, 1)
  assert.equal(tools[0]?.detail?.needs, {
    ...{ program: 'pidstat', debian: 'sysstat', fedora: 'sysstat' },
    privilege: 'root, for the I/O of processes of other users'
  })
  assert.equal(await ask('none'), { tools: [], damaged: [] })
  assert.equal(
    self.tools.map(({ tool }) => tool),
    ['pidstat'],
    'the record has what was looked at'
  )
  part.stop()
})

test('every tool of bak has a description that the protocol can carry', async () => {
  const { part, ask } = await descriptions()
  for (const { name } of listTools()) assert.is((await ask(name)).tools[0]?.tool, name)
  part.stop()
})

test('who asks often is answered from what was found a moment ago', async () => {
  const { part, ask, lists } = await descriptions()
  await Promise.all(Array.from({ length: 20 }, () => ask()))
  assert.is(lists(), 1)
  part.stop()
})

test('an invalid message is refused, and the next one is answered', async () => {
  const { part, ask, link } = await descriptions()
  const bad = link()
  bad.onSend = piece => piece.map((byte, i) => (i < 4 ? byte : 0xff))
  assert.is(asBakError(await ask(undefined, bad).catch(error => error)).code, 'bad-message')
  assert.ok((await ask()).tools.length > 0)
  part.stop()
})

test('who leaves in mid answer, or never sends, troubles nobody', async () => {
  const { part, ask, link } = await descriptions()
  const cut = link()
  cut.onAnswer = (_, stream) => void stream.cut()
  assert.instance(await ask(undefined, cut).catch(error => error), Error)
  const silent = link()
  silent.onSend = () => undefined
  const asking = new AbortController()
  const asked = askOne(silent.open, describeToolsProtocol, {}, { signal: asking.signal }).catch(asBakError)
  asking.abort()
  assert.instance(await asked, Error)
  assert.ok((await ask()).tools.length > 0)
  part.stop()
})

test('a part that stops does not touch the record any more', async () => {
  const { part, folder, self, ask } = await descriptions()
  await ask()
  await until(() => self.tools.length > 0 || undefined)
  part.stop()
  put(folder, 'late.toml', 'command = ["sleep", "9"]')
  await ask()
  assert.not(self.tools.some(({ tool }) => tool === 'late'))
})

test.run()
