/** Flags of what goes to a pbench server, as pbench's own programs have them, and the token. */
import type { Command } from 'commander'
import { checkDataset, type DatasetOptions } from '../protocols/destination.ts'
import { BakError } from '../protocols/errors.ts'
import { readSecretFile } from '../protocols/secret-file.ts'
import { addFlag } from './command.ts'
import { cleanLine, writeTo } from './output.ts'
import { parseEach } from './spec-flags.ts'

export interface DatasetFlags {
  access?: 'private' | 'public'
  metadata?: string[]
  tokenFile?: string
}

export function addDatasetFlags(command: Command): void {
  addFlag(command, '--access <who>', 'on a pbench server: who may see it (private)', ['private', 'public'])
  addFlag(command, '--metadata <key:value>', 'on a pbench server: kept with it, repeatable', parseEach)
  addTokenFlag(command)
}

export const addTokenFlag = (command: Command) =>
  addFlag(
    command,
    '--token-file <file>',
    'with the token of a pbench server; else PBENCH_ACCESS_TOKEN of the environment has it'
  )

/** @returns the address of a pbench server with these flags behind it. @throws {BakError} `usage` where they mean nothing */
export function withDataset(to: string, { access, metadata = [] }: DatasetFlags): string {
  if (access == null && metadata.length === 0) return to
  const url = /^https?:/i.test(to) ? URL.parse(to) : undefined
  if (url == null) throw new BakError('usage', `--access and --metadata are for a pbench server, and ${to} is none`)
  checkDataset({ access: (access ?? 'private') as DatasetOptions['access'], metadata })
  if (access != null) url.searchParams.set('access', access)
  for (const each of metadata) url.searchParams.append('metadata', each)
  return url.href
}

/** A word of the command line can be read by every user of the machine, so that a token is none. @throws {BakError} `usage` */
export async function tokenOf({ tokenFile }: DatasetFlags): Promise<string | undefined> {
  if (tokenFile == null) return process.env.PBENCH_ACCESS_TOKEN
  const { text, warning } = await readSecretFile(tokenFile, '--token-file')
  if (warning != null) await writeTo(process.stderr, `bak: warning: ${cleanLine(warning)}\n`)
  const token = text.trim()
  if (token === '') throw new BakError('usage', `--token-file ${tokenFile}: it is empty`)
  return token
}
