/** Where tunnels may lead on a member, for whom, and how many there may be. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MemberState } from '../../node/agent/member-state.ts'
import { MemberTunnels } from '../../node/agent/member-tunnels.ts'
import type { State } from '../../node/agent/states.ts'
import { createLog } from '../../node/log.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Role } from '../../protocols/membership.ts'
import { type Handler, serve } from '../../protocols/stream.ts'
import { askTunnel, openTunnel, type TunnelTarget, tunnelProtocol } from '../../protocols/tunnel.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { run } from '../protocols/samples.ts'

const test = suite('tunnels to a member')
const sleepAgain = stayAwake()
let server: Server
let port = 0
let free = 0
/** What the server has accepted. */
const accepted = new Set<Socket>()

test.before(async () => {
  server = createServer({ allowHalfOpen: true }, socket => {
    accepted.add(socket)
    socket.on('error', () => {}).once('close', () => accepted.delete(socket))
    socket.pipe(socket)
  })
  port = await listen(server)
  const other = createServer()
  free = await listen(other)
  await new Promise(resolve => other.close(resolve))
})
test.after(() => {
  sleepAgain()
  for (const each of accepted) each.destroy()
  server.close()
})

async function listen(each: Server): Promise<number> {
  await new Promise<void>(resolve => each.listen(0, '127.0.0.1', resolve))
  return (each.address() as { port: number }).port
}

const [self, ops, agent, other] = [newSigner().peer, newSigner().peer, newSigner().peer, newSigner().peer]
const roles: Record<string, Role> = { [self]: 'agent', [ops]: 'controller', [agent]: 'agent', [other]: 'controller' }
const logged: string[] = []
const tool: TunnelTarget = { run, group: 'default', tool: 'node-exporter' }

/** A member of a run of `ops`, whose owner lets `port` and `free` be reached. */
async function member(state: State = 'running') {
  let handler: Handler<never, unknown> | undefined
  const streams = {
    serve: async (_: unknown, served: Handler<never, unknown>) => {
      handler = served
    }
  }
  const persistent = [
    { assignment: { group: 'default', tool: 'node-exporter' }, running: { port: () => port } },
    { assignment: { group: 'default', tool: 'pcp' }, running: { port: () => undefined } },
    { assignment: { group: 'default', tool: 'dcgm' } },
    { assignment: { group: 'default', tool: 'sar' }, running: {} }
  ]
  const taken = { state, controller: ops, persistent } as unknown as MemberState
  const part = new MemberTunnels(
    {
      streams: streams as unknown as Streams,
      authority: { roleOf: peer => roles[peer] },
      allowance: {
        checkForward: async (_, asked) => {
          if (asked !== port && asked !== free)
            throw new BakError('not-allowed', `allow.forward does not name ${asked}`)
        }
      },
      agent: { member: id => (id === run ? taken : undefined) }
    },
    { self, log: createLog('info', line => logged.push(line)) }
  )
  await part.start()
  const linkOf = (peer: string) => linkTo(serve(tunnelProtocol, handler as never), peer, { yamux: true })
  return { part, linkOf, ask: (peer: string, to: TunnelTarget) => codeOf(openAndClose(linkOf(peer).open, to)) }
}

/** A tunnel through which a word comes back. */
async function openAndClose(open: Parameters<typeof openTunnel>[0], to: TunnelTarget): Promise<void> {
  const join = await openTunnel(open, to)
  const [client, near] = await pair()
  const done = join(near)
  client.end('word')
  const back = Buffer.concat(await Array.fromAsync(client as AsyncIterable<Buffer>)).toString()
  assert.is(back, 'word')
  await done
}

async function pair(): Promise<[Socket, Socket]> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const lone = createServer({ allowHalfOpen: true }, resolve)
  const client = connect({ host: '127.0.0.1', port: await listen(lone), allowHalfOpen: true })
  const near = await promise
  lone.close()
  return [client, near]
}

const codeOf = (work: Promise<unknown>) => work.then(() => 'ok').catch(({ code }) => code)

const cases: Array<[string, string, () => TunnelTarget, string]> = [
  ['to a tool of its run are open to the controller of the run', ops, () => tool, 'ok'],
  ['to a tool are not open to another controller', other, () => tool, 'not-the-controller'],
  ['to a tool are not open to an agent', agent, () => tool, 'not-the-controller'],
  ['to a tool of another run are refused', ops, () => ({ ...tool, run: `${run.slice(0, -1)}x` }), 'no-such-run'],
  ['to a tool of another group are refused', ops, () => ({ ...tool, group: 'net' }), 'not-ready'],
  ['to a tool that listens nowhere yet are refused', ops, () => ({ ...tool, tool: 'pcp' }), 'not-ready'],
  ['to a tool that is being started again are refused', ops, () => ({ ...tool, tool: 'dcgm' }), 'not-ready'],
  ['to a tool that never listens are refused', ops, () => ({ ...tool, tool: 'sar' }), 'not-ready'],
  ['to a port that the owner names are open to a controller', other, () => ({ port }), 'ok'],
  ['to a port are not open to an agent', agent, () => ({ port }), 'not-allowed'],
  ['to a port that the owner does not name are refused', ops, () => ({ port: 1 }), 'not-allowed'],
  ['to a port on which nothing listens say so', ops, () => ({ port: free }), 'unreachable']
]
for (const [title, peer, to, expected] of cases) {
  test(title, async () => {
    assert.is(await (await member()).ask(peer, to()), expected)
  })
}

test('to a tool are over with the run', async () => {
  for (const state of ['orphaned', 'gone'] as const)
    assert.is(await (await member(state)).ask(ops, tool), 'no-such-run')
})

test('that are only asked for connect with nothing', async () => {
  const { linkOf } = await member()
  const before = accepted.size
  logged.length = 0
  await askTunnel(linkOf(ops).open, { port: free })
  await askTunnel(linkOf(ops).open, { port })
  assert.is(accepted.size, before)
  assert.equal(logged, [])
  assert.is(await codeOf(askTunnel(linkOf(agent).open, { port })), 'not-allowed')
})

test('of one peer are bounded, and a place that is given back is free', async () => {
  const { linkOf, part } = await member()
  const link = linkOf(ops)
  const joined: Array<{ client: Socket; done: Promise<unknown> }> = []
  for (let i = 0; i < 48; i++) {
    const join = await openTunnel(link.open, { port })
    const [client, near] = await pair()
    joined.push({ client, done: codeOf(join(near)) })
  }
  const error = await openTunnel(link.open, { port }).catch(cause => cause)
  assert.is(error.code, 'busy')
  assert.match(error.message, /48 tunnels of one peer/)
  assert.is(await codeOf(openAndClose(linkOf(other).open, { port })), 'ok', 'another peer has its own')
  const [first] = joined
  first?.client.end()
  first?.client.resume()
  await first?.done
  assert.is(await codeOf(openAndClose(link.open, { port })), 'ok')
  part.stop()
  for (const { client, done } of joined) {
    client.on('error', () => {}).resume()
    await done
  }
})

test('to a port are in the log of the owner, with who reached it', async () => {
  logged.length = 0
  const { ask } = await member()
  await ask(ops, { port })
  await ask(ops, tool)
  assert.is(logged.length, 1)
  assert.match(`${logged[0]}`, `from=${ops} port=${port} msg="a port is reached"`)
})

test('end when the daemon stops', async () => {
  const { linkOf, part } = await member()
  const join = await openTunnel(linkOf(ops).open, { port })
  const [client, near] = await pair()
  const done = codeOf(join(near))
  client.on('error', () => {}).resume()
  part.stop()
  assert.is(await done, 'interrupted')
})

test.run()
