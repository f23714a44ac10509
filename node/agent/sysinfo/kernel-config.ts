/** What the kernel was built with, from the file that a distribution installs or the kernel itself has. */
import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Collector, redact } from './collector.ts'

const MAX_BYTES = 4 * 1024 * 1024

export const kernelConfig: Collector = {
  isPublic: true,
  async collect({ lacks }) {
    const text = (await packed('/proc/config.gz')) ?? (await installed())
    if (text == null) return lacks('this kernel has no /proc/config.gz, and no file of it in /boot can be read')
    // a command line may have been built in
    return text.replace(/^(CONFIG_CMDLINE=)(.*)$/m, (_, name, words) => name + redact(words))
  }
}

async function packed(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined)
  if (bytes == null) return undefined
  return (await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES })).toString('utf8')
}

async function installed(): Promise<string | undefined> {
  for (const path of [`/boot/config-${release()}`, `/lib/modules/${release()}/config`]) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text != null) return text
  }
  return undefined
}
