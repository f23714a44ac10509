/** A tool that measures nothing: it records where data of a sample is that others keep, and from when to when. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { now } from '../now.ts'
import { onDisk } from '../store/disk.ts'
import { settingsOf } from './settings-of.ts'
import type { RunningTool, Tool, ToolContext } from './tool.ts'

const FILE = 'external-data.json'
const MAX_NOTE = 4096
const MAX_URL = 4096

export const externalData: Tool = {
  name: 'external-data',
  summary: 'where data is that is kept elsewhere, and from when to when; measures nothing',
  ...{ lifetime: 'transient', eitherLifetime: true, needs: {}, stop: 'the daemon writes the time of the end' },
  settings: [
    {
      ...{ name: 'url', type: 'string', noPath: true, check: whyNoUrl },
      summary: 'where it is; {from} and {to} are the begin and the end, ms since 1970'
    },
    {
      ...{ name: 'note', type: 'string', noPath: true },
      check: (text: string) =>
        text.length > MAX_NOTE ? `has ${text.length} characters; ${MAX_NOTE} are the most` : undefined,
      summary: 'words for whoever reads the result'
    }
  ],
  noWords: 'it runs no program',
  files: [{ name: FILE, what: 'url, note, from and to (ms since 1970, by the clock of the member)' }],
  check: async () => ({ tool: 'external-data', usable: true }),
  start
}

/** A result is read by others, so no password belongs into it. */
function whyNoUrl(text: string): string | undefined {
  if (text.length > MAX_URL) return `has ${text.length} characters; ${MAX_URL} are the most`
  const url = URL.parse(text.replaceAll(/\{(from|to)\}/g, '0'))
  if (url == null) return `is no URL: ${text.slice(0, 100)}`
  return url.username === '' && url.password === ''
    ? undefined
    : 'has a name or a password, which the result would show'
}

async function start({ folder, options }: ToolContext): Promise<RunningTool> {
  const { values } = settingsOf(externalData, options)
  const began = now()
  const path = join(folder, FILE)
  const write = (to?: number) => {
    const url = String(values.url ?? '').replaceAll('{from}', began.toFixed(0))
    const whole = to == null ? url : url.replaceAll('{to}', to.toFixed(0))
    const content = { url: whole === '' ? undefined : whole, note: values.note, from: began, to }
    return onDisk(path, () => writeFile(path, `${JSON.stringify(content, null, 2)}\n`))
  }
  const ready = write()
  ready.catch(() => {})
  return {
    began,
    ready,
    async stop() {
      const nothing = values.url == null && values.note == null ? ['was given neither a url nor a note'] : []
      return write(now()).then(
        () => nothing,
        cause => [...nothing, (cause as Error).message]
      )
    }
  }
}
