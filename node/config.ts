/** The daemon's settings: flag > BAK_ variable > config.toml > default. The keys of the file are the long flags. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { BakError } from '../protocols/errors.ts'
import { labels, list, multiaddress, name } from '../protocols/fields.ts'
import type { Home } from './store/home.ts'

const file = v.strictObject({
  name: v.optional(name),
  label: v.optional(labels),
  listen: v.optional(list(multiaddress, 16)),
  announce: v.optional(list(multiaddress, 16)),
  log: v.optional(v.picklist(['debug', 'info', 'warn', 'error']))
})
type Settings = v.InferOutput<typeof file>

export interface Flags {
  name?: string
  /** `key=value` */
  label?: string[]
  listen?: string[]
  announce?: string[]
  log?: string
}

export type Config = Required<Settings>

/** @throws {BakError} `bad-config` with file and key, `usage` with the flag */
export async function loadConfig(home: Home, flags: Flags): Promise<Config> {
  const settings = await readSettings(home.config)
  const given = checkFlags(flags)
  return {
    name: given.name ?? settings.name ?? nameOfHost(),
    label: { ...settings.label, ...given.label },
    listen: given.listen ?? settings.listen ?? ['/ip4/0.0.0.0/tcp/0'],
    announce: given.announce ?? settings.announce ?? [],
    log: given.log ?? settings.log ?? 'info'
  }
}

async function readSettings(path: string): Promise<Settings> {
  const content = await readFile(path, 'utf8').catch(() => '')
  let values: unknown
  try {
    values = parse(content)
  } catch (cause) {
    throw new BakError('bad-config', `${path}: ${(cause as Error).message}`, { cause })
  }
  const result = v.safeParse(file, values, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw new BakError('bad-config', `${path}: ${v.getDotPath(issue) ?? ''}: ${issue.message}`)
}

function checkFlags({ label, ...rest }: Flags): Settings {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const result = v.safeParse(file, { ...given, label: label == null ? undefined : parseLabels(label) }, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw new BakError('usage', `--${v.getDotPath(issue)?.replace(/\..*/, '')}: ${issue.message}`)
}

/** @throws {BakError} `usage` */
function parseLabels(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf('=')
      if (at < 1) throw new BakError('usage', `--label ${text}: a label is key=value`)
      return [text.slice(0, at), text.slice(at + 1)]
    })
  )
}

function nameOfHost(): string {
  const host = hostname().replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return host.slice(0, 64) || 'peer'
}
