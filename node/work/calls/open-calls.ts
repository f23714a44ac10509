/**
 * The calls of one instance of a workload: its socket, and the client `bak` in its folder. Opened before the program starts, closed when it has
 * ended; nothing of it is left then.
 */
import { chmod, lchown, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { CallAnswer, CallBody, CallOrigin } from '../../../protocols/calls.ts'
import type { SocketFolder } from '../../processes/socket-folder.ts'
import { CLIENT } from './client.ts'
import { Connection, errorLine } from './connection.ts'
import { MetricsWriter } from './metrics-writer.ts'
import { type ControllerTime, servingOf } from './serve-call.ts'

/** Connections of one instance at once. */
const MAX_CONNECTIONS = 64
/** In the folder of an instance; not collected. */
const CLIENT_FOLDER = '.bak'

/** What all instances of a member have in common. */
export interface CallsInit {
  sockets: Pick<SocketFolder, 'listen'>
  /** Sends a call to the controller. Never rejects. */
  ask(from: CallOrigin, body: CallBody, signal: AbortSignal): Promise<CallAnswer>
  /** The controller's clock. */
  time(): ControllerTime
}

export interface OpenCallsInit extends CallsInit {
  origin: CallOrigin
  /** Where the client is put. */
  folder: string
  /** The instance's folder in the result, in the home. */
  out: string
  /** The user that the program runs as, where that is not the daemon's. */
  owner?: { uid: number; gid: number }
}

export interface OpenCalls {
  /** The path of the socket: BAK_SOCK. */
  socket: string
  /** The folder of the client, first on the PATH. */
  bin: string
  /** Everybody hears that the instance has ended. Never rejects. */
  close(): Promise<void>
}

/** @throws {BakError} `bad-config` for a home whose path is too long, `io` */
export async function openCalls({ origin, folder, out, sockets, owner, ask, time }: OpenCallsInit): Promise<OpenCalls> {
  const metrics = await MetricsWriter.open(out)
  const answering = servingOf({ metrics, time, ask: (body, signal) => ask(origin, body, signal) })
  const connections = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    if (connections.size >= MAX_CONNECTIONS) {
      socket.on('error', () => {})
      return void socket.end(`${errorLine(75, `${MAX_CONNECTIONS} connections of this instance are open`)}\n`)
    }
    const connection = new Connection(socket, answering)
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  })
  const close = async () => {
    for (const connection of connections) connection.close()
    server.close()
    // what is another user's goes with its folder, and is not walked through here
    if (owner == null) await rm(join(folder, CLIENT_FOLDER), { recursive: true, force: true }).catch(() => {})
    await metrics.close().catch(() => {})
  }
  try {
    const socket = await sockets.listen(server, owner)
    const bin = await putClient(folder, owner)
    return {
      socket,
      bin,
      async close() {
        await close()
        tellEnd({ ask }, origin)
      }
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** Those who wait for an instance hear that it does not come any more, as soon as the controller can be reached. */
export function tellEnd({ ask }: Pick<CallsInit, 'ask'>, origin: CallOrigin): void {
  void ask(origin, { call: 'end' }, new AbortController().signal)
}

async function putClient(folder: string, owner?: { uid: number; gid: number }): Promise<string> {
  const own = join(folder, CLIENT_FOLDER)
  const bin = join(own, 'bin')
  const client = join(bin, 'bak')
  await mkdir(bin, { recursive: true, mode: 0o755 })
  await writeFile(client, CLIENT, { mode: 0o755 })
  await chmod(client, 0o755)
  if (owner != null) for (const path of [client, bin, own]) await lchown(path, owner.uid, owner.gid)
  return bin
}
