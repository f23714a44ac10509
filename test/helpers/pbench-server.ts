/**
 * A server that takes results as PBENCH.md says that pbench's server 1.0 does: it checks the token, the name, the headers, the length and the
 * MD5, and with the programs tar and xz what is in the tarball. It can be told to fail in every way that one may.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `take` as documented; a status; `hang` reads nothing more and says nothing; `cut` ends the connection in the middle of the body; `lose` takes
 * the tarball and ends the connection instead of an answer; `silent` reads all and says nothing; `html` answers 200 as any server of the web
 * may; `redirect` points elsewhere; `early` answers 401 before it reads the body.
 */
export type Behaviour = 'take' | number | 'hang' | 'cut' | 'lose' | 'html' | 'silent' | 'redirect' | 'early'

export interface Dataset {
  name: string
  md5: string
  access: string | null
  metadata: string[]
  /** Names in the tarball, by tar. */
  entries: string[]
  metalog: Record<string, Record<string, string>>
  tarball: string
}

export const TOKEN = 'a-key.of-the_server'
/** Bytes of the body that are read before it is cut. */
const CUT_AT = 4096

export class PbenchServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'bak-pbench-'))
  readonly datasets = new Map<string, Dataset>()
  /** What the next requests get, in their order; those after them are taken. */
  readonly plan: Behaviour[] = []
  /** What was asked for and how it was answered. */
  readonly seen: Array<{ method: string; url: string; headers: IncomingMessage['headers']; answered?: number }> = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(error => response.destroy(error))
    })
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(): Promise<PbenchServer> {
    const server = new PbenchServer()
    await new Promise<void>(resolve => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry: PbenchServer['seen'][number] = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers
    }
    this.seen.push(entry)
    const say = (status: number, body: object | string) => {
      entry.answered = status
      response.statusCode = status
      if (typeof body !== 'string') response.setHeader('content-type', 'application/json')
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }
    const behaviour = this.plan.shift() ?? 'take'
    if (behaviour === 'hang') return void request.pause()
    if (behaviour === 'redirect') {
      response.setHeader('location', 'https://elsewhere.example.com/')
      return say(302, '')
    }
    if (behaviour === 'cut') return this.#cut(request)
    if (behaviour === 'early') return say(401, { message: 'Verifying user_id failed', errors: [] })
    const body = await bytesOf(request)
    if (behaviour === 'silent') return
    if (behaviour === 'html') return say(200, '<html>welcome</html>')
    if (typeof behaviour === 'number')
      return say(behaviour, { message: `told to say ${behaviour}`, errors: ['so it is'] })
    const { status, ...words } = this.#takeOrSay(request, body)
    if (behaviour === 'lose') return void request.socket.destroy()
    say(status, words)
  }

  async #cut(request: IncomingMessage): Promise<void> {
    let read = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      read += chunk.length
      if (read >= CUT_AT) break
    }
    request.socket.destroy()
  }

  /** What cannot be read is the caller's fault. */
  #takeOrSay(request: IncomingMessage, body: Buffer): { status: number; message: string; errors?: string[] } {
    try {
      return this.#take(request, body)
    } catch (cause) {
      return { status: 400, message: 'the tarball is invalid', errors: [(cause as Error).message] }
    }
  }

  #take(
    { method, url = '', headers }: IncomingMessage,
    body: Buffer
  ): { status: number; message: string; errors?: string[] } {
    const bad = (message: string, status = 400) => ({ status, message, errors: [message] })
    const { pathname, searchParams } = new URL(url, 'http://server')
    const [, name = ''] = /^\/api\/v1\/upload\/([^/]+)$/.exec(pathname) ?? []
    if (method !== 'PUT' || name === '') return bad(`no such call: ${method} ${pathname}`, 404)
    if (headers.authorization !== `Bearer ${TOKEN}`) return bad('Verifying user_id failed', 401)
    if (headers['content-type'] !== 'application/octet-stream') return bad(`content-type ${headers['content-type']}`)
    const md5 = headers['content-md5']
    if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5)) return bad(`Content-MD5 ${md5} is not hex`)
    if (!name.endsWith('.tar.xz')) return bad(`File extension not supported: ${name}`)
    const access = searchParams.get('access')
    if (access !== 'private' && access !== 'public') return bad(`access ${access}`)
    if (headers['transfer-encoding'] != null || Number(headers['content-length']) !== body.length)
      return bad(`Expected ${headers['content-length']} bytes but received ${body.length} bytes`, 411)
    const actual = createHash('md5').update(body).digest('hex')
    if (actual !== md5) return bad(`MD5 checksum ${actual} does not match expected ${md5}`)
    if (this.datasets.has(md5)) return { status: 200, message: 'Dataset already exists' }
    const stem = name.slice(0, -'.tar.xz'.length)
    if ([...this.datasets.values()].some(each => each.name === stem))
      return bad(`A tarball with the name ${stem} already exists`)
    const tarball = join(this.folder, name)
    writeFileSync(tarball, body)
    const entries = run('tar', ['--list', '--xz', '--file', tarball]).trim().split('\n')
    const outside = entries.find(each => each !== `${stem}/` && !each.startsWith(`${stem}/`))
    if (outside != null) return bad(`${outside} is outside of ${stem}/`)
    const metalog = readIni(run('tar', ['--extract', '--xz', '--to-stdout', '--file', tarball, `${stem}/metadata.log`]))
    if (metalog.pbench?.name !== stem) return bad(`[pbench] name is ${metalog.pbench?.name}, not ${stem}`)
    for (const key of ['pbench.date', 'pbench.script', 'run.controller', 'run.start_run', 'run.end_run']) {
      const [section = '', option = ''] = key.split('.')
      if (!metalog[section]?.[option]) return bad(`metadata.log has no ${key}`)
    }
    const metadata = searchParams.getAll('metadata')
    this.datasets.set(md5, { name: stem, md5, access, metadata, entries, metalog, tarball })
    return { status: 201, message: 'File successfully uploaded' }
  }
}

const run = (program: string, args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] })

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** As Python's ConfigParser reads it, which takes no section and no key of a section twice, in either case. @throws if it cannot be read */
export function readIni(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {}
  let section: Record<string, string> | undefined
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.trim() === '') continue
    const [, name] = /^\[(.+)\]$/.exec(line) ?? []
    if (name != null) {
      if (Object.hasOwn(sections, name)) throw new Error(`section ${name} is there twice`)
      section = sections[name] = {}
      continue
    }
    const [, key, value = ''] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? []
    if (section == null || key == null) throw new Error(`no option: ${line}`)
    if (Object.hasOwn(section, key.toLowerCase())) throw new Error(`option ${key} is there twice`)
    section[key.toLowerCase()] = value
  }
  return sections
}
