/**
 * Where a result goes: `archive`, whichever peer has the label; a peer; a folder of the machine (`/x`, `./x`, `file:/x`); or a pbench server
 * (`https://server`, `?access=public&metadata=key:value` behind it). Pure.
 */
import { isAbsolute, resolve } from 'node:path'
import * as v from 'valibot'
import { OBEYED } from './clean-line.ts'
import { BakError } from './errors.ts'

/** What a pbench server is told of a dataset beside its content. */
export interface DatasetOptions {
  access: 'private' | 'public'
  /** `key:value` each. */
  metadata: string[]
}

export type Destination =
  | { kind: 'archive' }
  | { kind: 'peer'; selector: string }
  | { kind: 'folder'; path: string }
  | ({ kind: 'server'; base: string } & DatasetOptions)

const ARCHIVE = 'archive'
/** Where a server has its calls, if the address says nothing else. */
const API = '/api/v1'
const MAX_LENGTH = 1024
const MAX_METADATA = 64
/** The keys that a pbench server lets a person set. */
const KEYS = /^(dataset\.name|server\.(origin|archiveonly|deletion)|(global|user)\.[a-z0-9._-]+)$/
const UNPRINTABLE = new RegExp(`[${OBEYED}]`)

/** As a run file, a flag or a call has it. */
export const destination = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_LENGTH),
  v.check(
    text => faultIn(text) == null,
    ({ input }) => faultIn(input as string) ?? ''
  )
)

/** @throws {BakError} `usage` for what is no destination, and for one that would tell a secret */
export function readDestination(text: string): Destination {
  if (text === '' || UNPRINTABLE.test(text)) throw wrong(text, 'it is no name, folder or address')
  if (/^https?:/i.test(text)) return serverAt(text)
  const folder = folderIn(text)
  if (folder != null) {
    if (!isAbsolute(folder)) throw wrong(text, `a folder here begins with /, as in ${resolve('/', folder)}`)
    return { kind: 'folder', path: resolve(folder) }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw wrong(text, 'an address begins with https://, http:// or file:')
  return text === ARCHIVE ? { kind: 'archive' } : { kind: 'peer', selector: text }
}

/** @returns the same destination from anywhere: a folder by its whole path */
export function anchoredDestination(text: string, from: string): string {
  const folder = folderIn(text)
  return folder == null ? text : resolve(from, folder)
}

/** @throws {BakError} `usage` for what a pbench server would refuse */
export function checkDataset({ access, metadata }: DatasetOptions): void {
  if (access !== 'private' && access !== 'public')
    throw new BakError('usage', `access ${access}: it is private or public`)
  if (metadata.length > MAX_METADATA) throw new BakError('usage', `more than ${MAX_METADATA} metadata`)
  for (const each of metadata) {
    const [, key = '', value = ''] = /^([^:]*):(.*)$/s.exec(each) ?? []
    if (!KEYS.test(key) || value === '')
      throw new BakError(
        'usage',
        `metadata ${each}: expected KEY:VALUE with a key global.NAME, user.NAME, dataset.name, server.origin, server.archiveonly or server.deletion`
      )
  }
}

/** A path, without `file:`. @returns undefined for what is no folder */
function folderIn(text: string): string | undefined {
  if (/^file:/i.test(text)) return text.slice('file:'.length).replace(/^\/\/(?=\/)/, '')
  return /^(\/|\.{1,2}(\/|$))/.test(text) ? text : undefined
}

function serverAt(text: string): Destination {
  const url = URL.parse(text)
  if (url == null || url.hostname === '') throw wrong(text, 'it is no address of a server')
  if (url.username !== '' || url.password !== '')
    throw new BakError(
      'usage',
      'an address with a password is read by others: give a token by PBENCH_ACCESS_TOKEN or --token-file'
    )
  const odd = [...url.searchParams.keys()].find(key => key !== 'access' && key !== 'metadata')
  if (odd != null || url.hash !== '')
    throw wrong(text, `behind the address come access and metadata only, not ${odd ?? url.hash}`)
  const given = url.searchParams.get('access') ?? 'private'
  const options = { access: given as DatasetOptions['access'], metadata: url.searchParams.getAll('metadata') }
  checkDataset(options)
  const path = url.pathname.replace(/\/+$/, '')
  return { kind: 'server', base: `${url.origin}${path === '' ? API : path}`, ...options }
}

function faultIn(text: string): string | undefined {
  try {
    readDestination(text)
    return undefined
  } catch (cause) {
    return (cause as Error).message
  }
}

const wrong = (text: string, why: string) => new BakError('usage', `destination ${JSON.stringify(text)}: ${why}`)
