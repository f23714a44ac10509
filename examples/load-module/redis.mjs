/** Requests in the protocol of redis, for run.toml beside this file: `fill` writes documents in batches, `read` reads one of them. */
import { once } from 'node:events'
import { connect } from 'node:net'

/** A client's own connection, made before its task begins. */
export async function open({ params }) {
  const socket = connect(params.port, process.env.BAK_SERVER_REDIS ?? '127.0.0.1').setNoDelay()
  await once(socket, 'connect')
  return { socket, replies: repliesOf(socket) }
}

export const close = ({ client }) => client?.socket.destroy()

/** Where there are batches, each client has its share of them, and has done all with the last; other params are for all clients alike. */
export function partition(params, index, clients) {
  return params.batch == null ? params : batchesOf(params, index, clients)
}

function* batchesOf({ documents, batch, ...params }, index, clients) {
  for (let from = index * batch; from < documents; from += clients * batch)
    yield { ...params, from, to: Math.min(from + batch, documents) }
}

/** One request is a batch: its weight is what throughput is counted in. */
export async function fill({ client, params: { from, to, size } }) {
  const value = 'x'.repeat(size)
  let commands = ''
  for (let i = from; i < to; i++) commands += command('SET', `document:${i}`, value)
  client.socket.write(commands)
  for (let i = from; i < to; i++) {
    const reply = await nextOf(client)
    if (reply.startsWith('-')) throw new Error(reply)
  }
  return { weight: to - from, unit: 'docs' }
}

export async function read({ client, params: { among } }) {
  client.socket.write(command('GET', `document:${Math.floor(Math.random() * among)}`))
  const reply = await nextOf(client)
  if (reply === '$-1') return { success: false, error: 'no such document' }
  if (reply.startsWith('-')) throw new Error(reply)
}

const command = (...words) =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

async function nextOf({ replies }) {
  const { value, done } = await replies.next()
  if (done) throw new Error('the server closed the connection')
  return value
}

/** The first line of each reply, when all of it is here. */
async function* repliesOf(socket) {
  let left = ''
  for await (const bytes of socket.setEncoding('latin1')) {
    left += bytes
    for (;;) {
      const end = left.indexOf('\r\n')
      if (end < 0) break
      const line = left.slice(0, end)
      const size = line.startsWith('$') && line !== '$-1' ? Number(line.slice(1)) + 2 : 0
      if (left.length < end + 2 + size) break
      left = left.slice(end + 2 + size)
      yield line
    }
  }
}
