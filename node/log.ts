/** The daemon's log on stderr: one line an event, `<time> <LEVEL> key=value ... msg="..."`. `DEBUG=bak:*,libp2p:*` traces more. */
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
   * A warning that other peers can cause as often as they like; lines with the same message and code are limited.
   * @param message a constant
   * @param fields `from`, the peer or the address that caused it, `code` and `why`
   */
  refused(message: string, fields: Fields & { from: string }): void
  /** @returns a log whose lines all have these fields too */
  with(fields: Fields, scope?: string): Log
}

/** Without the port, which differs with each connection. */
const sourceOf = (from: string) => from.replace(/\/tcp\/\d+.*/, '')

export function createLog(
  minLevel: Level,
  write: (line: string) => void,
  fields: Fields = {},
  scope = 'daemon',
  limiter = new LogRateLimiter()
): Log {
  const trace = logger(`bak:${scope}`)
  const logAt =
    (level: Level) =>
    (message: string, more: Fields = {}) => {
      const line = `${pairs({ ...fields, ...more })}msg=${quoted(message)}`
      trace('%s %s', level, line)
      if (levels.indexOf(level) >= levels.indexOf(minLevel)) {
        write(`${new Date().toISOString()} ${level.toUpperCase()} ${line}\n`)
      }
    }
  const warn = logAt('warn')
  return {
    debug: logAt('debug'),
    info: logAt('info'),
    warn,
    error: logAt('error'),
    refused: (message, more) => {
      const { code } = more
      const onLeftOut = (count: number) =>
        warn(message, { code, left_out: count, why: 'more of the same in this minute' })
      if (limiter.admits(`${scope} ${message} ${code}`, sourceOf(more.from), onLeftOut)) warn(message, more)
    },
    with: (more, inner = scope) => createLog(minLevel, write, { ...fields, ...more }, inner, limiter)
  }
}

function pairs(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${isPlain(String(value)) ? value : quoted(String(value))} `)
    .join('')
}

const isPlain = (text: string) => /^[^\s"=\p{C}]*$/u.test(text)

/** On one line and without control characters for the terminal: some of the text comes from other peers. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\u2028\u2029]/gu, character =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
    ).join('')
  )
}
