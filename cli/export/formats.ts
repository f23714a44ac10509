/** The formats of `bak export`. A new one is one file and one line here; each is loaded when it is asked for. */
import { extname } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import type { Exporter } from './exporter.ts'

export const formats: Record<string, () => Promise<Exporter>> = {
  parquet: async () => (await import('./parquet.ts')).parquet,
  csv: async () => (await import('./csv.ts')).csv,
  json: async () => (await import('./json.ts')).json,
  pbench: async () => (await import('./pbench.ts')).pbench,
  openmetrics: async () => (await import('./openmetrics.ts')).openmetrics
}

/**
 * @param name of the format; where it is left out the one that the name of the file says, else CSV
 * @throws {BakError} `usage` for a name that is none, and for a format that cannot go to where it is to
 */
export async function chooseFormat(name: string | undefined, output: string | undefined): Promise<Exporter> {
  const load = formats[name ?? (await formatOf(output)) ?? 'csv']
  if (load == null || !Object.hasOwn(formats, name ?? 'csv'))
    throw new BakError('usage', `--format ${name}: expected ${Object.keys(formats).join(', ')}`)
  const format = await load()
  if (output == null && format.writes !== 'text')
    throw new BakError('usage', `--format ${name} writes a ${format.writes}: --output ${format.writes.toUpperCase()}`)
  return format
}

async function formatOf(output = ''): Promise<string | undefined> {
  const extension = extname(output).slice(1).toLowerCase()
  for (const [name, load] of Object.entries(formats)) if ((await load()).extensions.includes(extension)) return name
  return undefined
}
