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
  const say = (level: Level) => (message: string, more: Fields = {}) => {
    const line = `${pairs({ ...fields, ...more })}msg=${JSON.stringify(message)}`
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
    .map(([key, value]) => `${key}=${/[\s"=]/.test(String(value)) ? JSON.stringify(String(value)) : value} `)
    .join('')
}
