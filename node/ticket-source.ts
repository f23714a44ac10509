/**
 * Takes the ticket from where it was given: standard input, a file, BAK_JOIN, or an argument. A ticket opens the mesh to who reads it: every
 * user of a machine can read arguments, so an argument is overwritten and warned of, and the variable is not handed on.
 */
import { createInterface } from 'node:readline'
import { asBakError, BakError } from '../protocols/errors.ts'
import { readSecretFile } from '../protocols/secret-file.ts'
import { readTicket } from '../protocols/ticket.ts'

export interface TicketWords {
  /** The words after `join`; undefined without that command. */
  words?: string[]
  file?: string
  /** `--join`, or BAK_JOIN. */
  join?: string
  joinIsVariable?: boolean
}

/**
 * @param isMember whether the home is in a mesh already
 * @returns undefined where none was given, and for what is none in the variable of a member
 * @throws {BakError} `usage` for a ticket in pieces or with a character wrong, an empty source, or two sources at once
 */
export async function takeTicket(
  given: TicketWords,
  input: NodeJS.ReadableStream,
  isMember = false
): Promise<string | undefined> {
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
  return join != null && joinIsVariable && isMember && !isReadable(join) ? undefined : join
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
  const { text, warning } = await readSecretFile(path, '--ticket-file')
  if (warning != null) process.stderr.write(`bak-node: warning: ${warning}\n`)
  return text
}

/** The variable of a container stays when its ticket is long gone: who is in the mesh needs none. */
function isReadable(ticket: string): boolean {
  try {
    readTicket(ticket)
    return true
  } catch (cause) {
    process.stderr.write(
      `bak-node: warning: BAK_JOIN: ${asBakError(cause).message}; it is ignored, as this home is in a mesh already\n`
    )
    return false
  }
}

function nonEmpty(text: string, source: string): string {
  const ticket = text.trim()
  if (ticket === '') throw new BakError('usage', `no ticket in ${source}: give what bak-node invite prints`)
  return ticket
}
