/**
 * What the daemon says on stderr: one line an event, `<time> <LEVEL> key=value ... msg="..."`. The finer trace is
 * `DEBUG=bak:*,libp2p:*`.
 */
import { logger } from '@libp2p/logger'

const levels = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof levels)[number]
export type Fields = Record<string, string | number | boolean | undefined>

export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** The same log with fields that every line bears. */
  with(fields: Fields, scope?: string): Log
}

export function createLog(least: Level, write: (line: string) => void, fields: Fields = {}, scope = 'daemon'): Log {
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
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    with: (more, inner = scope) => createLog(least, write, { ...fields, ...more }, inner)
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
