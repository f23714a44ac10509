/**
 * Takes the ticket from where it was given: standard input, a file, BAK_JOIN, or an argument. A ticket opens the mesh to who reads it: every
 * user of a machine can read arguments, so an argument is overwritten and warned of, and the variable is not handed on.
 */
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { BakError } from '../protocols/errors.ts'
import { readTicket } from '../protocols/ticket.ts'

/** Many times the longest ticket. */
const MAX_TICKET_BYTES = 64 * 1024

export interface TicketWords {
  /** The words after `join`; undefined without that command. */
  words?: string[]
  file?: string
  /** `--join`, or BAK_JOIN. */
  join?: string
  joinIsVariable?: boolean
}

/**
 * @returns undefined where none was given
 * @throws {BakError} `usage` for a ticket in pieces or with a character wrong, an empty source, or two sources at once
 */
export async function takeTicket(given: TicketWords, input: NodeJS.ReadableStream): Promise<string | undefined> {
  const { words, file, join, joinIsVariable = false } = given
  // tools and workloads must not inherit it
  delete process.env.BAK_JOIN
  if (words?.length === 0 && file == null && join == null)
    throw new BakError('usage', 'join needs a ticket: - reads it from standard input, --ticket-file FILE from a file')
  const argument = words?.length ? inOneWord(words) : joinIsVariable && join !== '-' ? undefined : join
  if (argument != null && file != null) throw new BakError('usage', 'a ticket and --ticket-file: give one of them')
  if (argument === '-') return nonEmpty(await firstLine(input), 'standard input')
  if (argument != null) {
    readTicket(argument)
    warnOfArgument()
    return argument
  }
  if (file != null) return nonEmpty(await ticketIn(file), file)
  return join
}

function inOneWord([ticket, ...more]: string[]): string {
  if (more.length === 0) return ticket as string
  throw new BakError(
    'usage',
    `the ticket is broken into ${more.length + 1} parts by spaces or line breaks: paste it as one word`
  )
}

function warnOfArgument(): void {
  // overwrites the arguments in /proc
  process.title = 'bak-node'
  process.stderr.write(
    'bak-node: warning: a ticket in an argument can be read by every user of this machine: use join - with the ticket on standard input, or --ticket-file\n'
  )
}

/** Reads one line and no more: standard input may have another use after it. */
async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  if ((input as { isTTY?: boolean }).isTTY) process.stderr.write('bak-node: paste the ticket, then Enter\n')
  const lines = createInterface({ input })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
  }
}

async function ticketIn(path: string): Promise<string> {
  const file = await open(path).catch(cause => {
    throw new BakError('usage', `--ticket-file ${path}: ${cause.message}`, { cause })
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_TICKET_BYTES), 0, MAX_TICKET_BYTES)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    throw new BakError('usage', `--ticket-file ${path}: ${(cause as Error).message}`, { cause })
  } finally {
    await file.close()
  }
}

function nonEmpty(text: string, source: string): string {
  const ticket = text.trim()
  if (ticket === '') throw new BakError('usage', `no ticket in ${source}: give what bak-node invite prints`)
  return ticket
}
