/** The calls that a workload makes: `bak` says them to the socket of its instance, and exits with the status of the answer. */
import { connect } from 'node:net'
import { buffer as bytesOf } from 'node:stream/consumers'
import { BakError } from '../protocols/errors.ts'
import { type CallName, escapeValue, unescapeValue } from '../protocols/workload-socket.ts'
import { cleanLine, writeTo } from './output.ts'

interface Call {
  call: CallName
  /** The words behind it. */
  words: string[]
  /** Options that were given, by name. */
  options?: Record<string, string | undefined>
}

/** @returns the exit status @throws {BakError} `no-daemon` where there is no run */
export async function callFromWorkload({ call, words, options = {} }: Call): Promise<number> {
  const path = process.env.BAK_SOCK
  if (path == null) {
    throw new BakError('no-daemon', `bak ${call} is called from inside of a workload: BAK_SOCK is not set here`)
  }
  const given = Object.entries(options).flatMap(([name, value]) => (value == null ? [] : [`--${name}`, value]))
  const said: Uint8Array[] = [call, ...words, ...given].map(word => Buffer.from(word))
  if (takesStdin(call, words)) said[2] = withoutLastLineFeed(await bytesOf(process.stdin))
  const socket = connect(path)
  const failed = new Promise<never>((_, reject) => {
    socket.once('error', cause => {
      reject(new BakError('no-daemon', `bak ${call}: no run answers at ${path}: ${cause.message}`, { cause }))
    })
  })
  try {
    socket.setEncoding('latin1')
    socket.write(`${said.map(escapeValue).join(' ')}\n`, 'latin1')
    return await Promise.race([failed, hear(call, linesOf(socket))])
  } finally {
    socket.destroy()
  }
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of text) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
}

async function hear(call: CallName, lines: AsyncIterable<string>): Promise<number> {
  for await (const line of lines) {
    const [, kind = '', rest = ''] = /^(\S*) ?(.*)$/s.exec(line) ?? []
    if (kind === 'ok') {
      if (call === 'get') await print(rest)
      return 0
    }
    if (kind === 'error') {
      const [, status = '70', text = ''] = /^(\d+) ?(.*)$/s.exec(rest) ?? []
      process.stderr.write(`bak: ${cleanLine(Buffer.from(text, 'latin1').toString('utf8'))}\n`)
      return Number(status)
    }
    if (kind === 'message') await print(rest.replace(/^\d+ \S+ /, ''))
    if (kind === 'cut') process.stderr.write(`bak: ${rest} messages before these are not kept any more\n`)
  }
  throw new BakError('no-daemon', 'the run is over here')
}

/** A value as it was given, in a line. */
const print = (value: string) => writeTo(process.stdout, Buffer.concat([unescapeValue(value), Buffer.from('\n')]))

/** `-` in the place of a value is what comes on stdin. */
const takesStdin = (call: CallName, words: string[]) =>
  (call === 'put' || call === 'publish') && words.length === 2 && words[1] === '-'

const withoutLastLineFeed = (bytes: Buffer) => (bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes)
