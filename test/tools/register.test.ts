import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Allowance } from '../../node/agent/allow/allowance.ts'
import { checkPermission } from '../../node/mesh/permissions.ts'
import { Catalogue } from '../../node/tools/catalogue.ts'
import { Register } from '../../node/tools/register.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type RegisterRequest, registerProtocol } from '../../protocols/hello.ts'
import type { Role } from '../../protocols/membership.ts'
import { expandTools } from '../../protocols/spec.ts'
import { askOne, type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('tools that are registered on a peer')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const [self, ops, agent, stranger] = [newSigner().peer, newSigner().peer, newSigner().peer, newSigner().peer]
const roles: Record<string, Role> = { [self]: 'agent', [ops]: 'controller', [agent]: 'agent' }
const open = { controllers: true, exec: true, tools: true, paths: true }

/** The register of a peer, and requests to it. */
async function registerOf(rules: object = {}) {
  const path = join(scratch(), 'tools.json')
  const register = await Register.open(path)
  let handler: Handler<never, unknown> | undefined
  const announced: unknown[] = []
  const members = { list: () => [], isHere: () => true }
  const guards = {
    isolation: { how: 'owner', limit: true } as const,
    forRun: () => assert.unreachable(),
    inWords: () => []
  }
  const names = { peerOf: () => undefined, bind: async () => {} }
  const init = { self, rules: { ...open, ...rules }, names, guards: guards as never, file: '/h/config.toml' }
  const allowance = new Allowance({ members }, init)
  register.serve({
    streams: {
      serve: async (_, each) => {
        handler = each as Handler<never, unknown>
      }
    },
    catalogue: new Catalogue(join(scratch(), 'tools.d')),
    check: async (peer, tools) => {
      if (peer !== self) checkPermission({ roleOf: each => roles[each] }, peer, 'register')
      await allowance.check(peer, tools)
    },
    onChange: registered => announced.push(registered)
  })
  await register.start()
  const linkOf = (peer: string) => linkTo(serve(registerProtocol, handler as never), peer)
  const ask = async (peer: string, tool: string, options: string[] = [], by = linkOf(peer)) => {
    const change = { group: 'default', add: [{ tool, options }] }
    const asked = askOne(by.open, registerProtocol, change, { signal: AbortSignal.timeout(10_000) })
    return await asked.then(({ registered }) => registered.map(each => each.tool).join(' '), asBakError)
  }
  const change = (peer: string, { group = 'default', add = [], ...more }: Partial<RegisterRequest>) =>
    askOne(linkOf(peer).open, registerProtocol, { group, add, ...more }, { signal: AbortSignal.timeout(10_000) })
  return { register, path, announced, ask, change, linkOf }
}

test('a controller registers tools, which are stored and announced to the mesh', async () => {
  const { ask, announced, path } = await registerOf()
  assert.is(await ask(ops, 'vmstat'), 'vmstat')
  assert.is(await ask(ops, 'light'), 'vmstat')
  assert.is(announced.length, 2)
  assert.is((await Register.open(path)).list()[0]?.tool, 'vmstat')
})

test('what is asked for at once is registered, all of it', async () => {
  const { ask, register } = await registerOf()
  const tools = ['vmstat', 'proc', 'disk', 'gauge']
  await Promise.all(tools.map(tool => ask(ops, tool)))
  assert.equal(
    register
      .list()
      .map(({ tool }) => tool)
      .sort(),
    [...tools].sort()
  )
})

test('the owner of a machine registers tools there whatever its role', async () => {
  const { ask } = await registerOf({ controllers: false })
  assert.is(await ask(self, 'vmstat'), 'vmstat')
})

type Case = [title: string, peer: string, rules: object, tool: string, options: string[], why: RegExp]
const cases: Case[] = [
  ['an agent', agent, {}, 'vmstat', [], /is an agent: it may not register tools on other peers/],
  ['a peer that is no member', stranger, {}, 'vmstat', [], /is no member of the mesh/],
  [
    'a controller that is not obeyed here',
    ops,
    { controllers: ['boss'] },
    'vmstat',
    [],
    /allow\.controllers does not name/
  ],
  ['a tool that may not run here', ops, { tools: ['proc'] }, 'medium', [], /allow\.tools does not name vmstat/],
  ['options that run a program', ops, { exec: false }, 'pidstat', ['-e', 'rm'], /allow\.exec does not name rm/],
  [
    'a path outside of the allowed folders',
    ops,
    { paths: false },
    'sar',
    ['-o', '/etc/x'],
    /allow\.paths has no folder with \/etc\/x/
  ]
]
for (const [title, peer, rules, tool, options, why] of cases) {
  test(`${title} is refused by name, and nothing changes`, async () => {
    const { ask, register, announced, path } = await registerOf(rules)
    const refusal = await ask(peer, tool, options)
    assert.instance(refusal, BakError)
    assert.is((refusal as BakError).code, 'not-allowed')
    assert.match((refusal as BakError).message, why)
    assert.equal(register.list(), [])
    assert.equal(announced, [])
    assert.is(await readFile(path, 'utf8').catch(error => error.code), 'ENOENT')
  })
}

test('a set registers what can run here, and says what cannot and why', async () => {
  const { change, register } = await registerOf({ tools: ['vmstat'] })
  const { registered, tools } = await change(ops, { add: [{ tool: 'heavy', options: [] }] })
  assert.equal(
    registered.map(each => each.tool),
    ['vmstat']
  )
  assert.equal(
    tools.map(each => each.tool),
    expandTools(['heavy'])
  )
  for (const { tool, usable, reason = '' } of tools.filter(each => each.tool !== 'vmstat'))
    assert.equal([usable, reason.includes(`does not name ${tool}`)], [false, true], reason)
  assert.is(register.list().length, 1)
})

test('a tool that this machine lacks is said to be missing and not registered, unless that is forced', async () => {
  const { change, announced } = await registerOf()
  const own = { tool: 'x', options: ['-v'], command: ['no-such-program'] }
  const first = await change(ops, { add: [own] })
  assert.equal([first.registered, announced], [[], []])
  assert.match(first.tools[0]?.reason ?? '', /no-such-program not found on PATH/)
  const forced = await change(ops, { add: [own], force: true })
  assert.equal(forced.registered, [{ group: 'default', ...own }])
  assert.is(announced.length, 1)
})

test('a tool that nobody knows, and an option that a tool does not have, are refused', async () => {
  const { ask } = await registerOf()
  const unknown = (await ask(ops, 'vmstatt')) as BakError
  assert.equal([unknown.code, /did you mean vmstat\?/.test(unknown.message)], ['usage', true])
  const wrong = (await ask(ops, 'proc', ['--colour=red'])) as BakError
  assert.equal([wrong.code, /colour/.test(wrong.message)], ['usage', true])
})

test('a label is that of the peer in its group, and the latest counts', async () => {
  const { change } = await registerOf()
  const labels = async (tool: string, label?: string, group = 'default') => {
    const add = [{ tool, options: [], ...(label == null ? {} : { label }) }]
    return (await change(ops, { group, add })).registered.map(each => `${each.group} ${each.tool} ${each.label}`)
  }
  assert.equal(await labels('vmstat', 'client'), ['default vmstat client'])
  assert.equal(await labels('proc'), ['default vmstat client', 'default proc client'])
  assert.equal(await labels('proc', 'server'), ['default vmstat server', 'default proc server'])
  assert.equal((await labels('proc', undefined, 'other')).at(-1), 'other proc undefined')
})

test('a trigger belongs to its group: it replaces that of the group, and goes with it', async () => {
  const { change, path } = await registerOf()
  const set = (group: string, start: string) => change(ops, { group, trigger: { start, stop: 'end' } })
  await change(ops, { group: 'db', add: [{ tool: 'proc', options: [] }] })
  await set('db', 'a')
  await set('web', 'b')
  assert.equal((await set('db', 'c')).triggers, [
    { group: 'web', start: 'b', stop: 'end' },
    { group: 'db', start: 'c', stop: 'end' }
  ])
  assert.is((await change(ops, { group: 'db', remove: ['nothing'] })).triggers?.length, 2)
  assert.equal((await Register.open(path)).triggers().length, 2)
  const cleared = await change(ops, { group: 'db' })
  assert.equal([cleared.registered, cleared.triggers?.map(({ group }) => group)], [[], ['web']])
  assert.equal((await change(ops, { group: 'web', dropTrigger: true })).triggers, [])
})

test('the file of an earlier version, a list of tools, is read', async () => {
  const path = join(scratch(), 'tools.json')
  await writeFile(path, JSON.stringify([{ group: 'g', tool: 'sar', options: [] }]))
  const register = await Register.open(path)
  assert.equal([register.list().length, register.triggers()], [1, []])
})

test('an invalid message is refused, and the next request is answered', async () => {
  const { ask, linkOf, register } = await registerOf()
  const bad = linkOf(ops)
  bad.onSend = piece => piece.map((byte, i) => (i < 4 ? byte : 0xff))
  assert.is(((await ask(ops, 'vmstat', [], bad)) as BakError).code, 'bad-message')
  assert.equal(register.list(), [])
  assert.is(await ask(ops, 'vmstat'), 'vmstat')
})

test('a connection that breaks leaves the register intact', async () => {
  const { ask, linkOf, register } = await registerOf()
  const cut = linkOf(ops)
  cut.onAnswer = (_, stream) => void stream.cut()
  assert.instance(await ask(ops, 'vmstat', [], cut), BakError)
  assert.is(register.list()[0]?.tool, 'vmstat')
  assert.is(await ask(ops, 'proc'), 'vmstat proc')
})

test.run()
