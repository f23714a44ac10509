/**
 * What the daemon says on stderr: one line an event, `<time> <LEVEL> key=value ... msg="..."`. The finer trace is
 * `DEBUG=bak:*,libp2p:*`.
 */
import { logger } from '@libp2p/logger'
import { LogRateLimiter } from './log-rate-limiter.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]
export type Fields = Record<string, string | number | boolean | undefined>

export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /**
   * A warning that other peers can cause as often as they like: of one message and code only so many a minute are written.
   * @param fields `from`, the peer or the address that it came from, `code` and `why`; the message is the same every time
   */
  refused(message: string, fields: Fields & { from: string }): void
  /** The same log with fields that every line bears. */
  with(fields: Fields, scope?: string): Log
}

/** A port is another at every connection. */
const sourceOf = (from: string) => from.replace(/\/tcp\/\d+.*/, '')

export function createLog(
  least: Level,
  write: (line: string) => void,
  fields: Fields = {},
  scope = 'daemon',
  sparing = new LogRateLimiter()
): Log {
  const trace = logger(`bak:${scope}`)
  const say =
    (level: Level) =>
    (message: string, more: Fields = {}) => {
      const line = `${pairs({ ...fields, ...more })}msg=${quoted(message)}`
      trace('%s %s', level, line)
      if (levels.indexOf(level) >= levels.indexOf(least)) {
        write(`${new Date().toISOString()} ${level.toUpperCase()} ${line}\n`)
      }
    }
  const warn = say('warn')
  return {
    debug: say('debug'),
    info: say('info'),
    warn,
    error: say('error'),
    refused: (message, more) => {
      const { code } = more
      const rest = (count: number) => warn(message, { code, left_out: count, why: 'more of the same in this minute' })
      if (sparing.admits(`${scope} ${message} ${code}`, sourceOf(more.from), rest)) warn(message, more)
    },
    with: (more, inner = scope) => createLog(least, write, { ...fields, ...more }, inner, sparing)
  }
}

function pairs(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${isPlain(String(value)) ? value : quoted(String(value))} `)
    .join('')
}

const isPlain = (text: string) => /^[^\s"=\p{C}]*$/u.test(text)

/** On one line and without a letter that could steer a terminal: some of it comes from other peers. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\u2028\u2029]/gu, letter =>
    Array.from({ length: letter.length }, (_, i) => `\\u${letter.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')
  )
}
