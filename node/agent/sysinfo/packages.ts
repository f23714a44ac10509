/** Versions of installed packages that measure or influence a measurement. */
import { execFile } from 'node:child_process'
import { release } from 'node:os'
import { findProgram } from '../../tools/find-program.ts'
import type { CollectContext, Collector } from './collector.ts'

const DEB = ['sysstat', 'procps', 'linux-perf*', `linux-image-${release()}`, 'libc6', 'nodejs', 'util-linux', 'numactl']
const RPM = ['sysstat', 'procps-ng', 'perf', `kernel-core-${release()}`, 'glibc', 'nodejs', 'util-linux', 'numactl']

/** One line `name version` per package. */
export const packages: Collector = {
  file: 'packages.txt',
  async collect(context) {
    const found = [...(await debs(context)), ...(await rpms(context))]
    if (context.signal.aborted) context.cut('not read in time')
    return `${[`node ${process.version}`, ...found].join('\n')}\n`
  }
}

async function debs(context: CollectContext): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of dpkg-query
  const words = ['--show', '--showformat=${db:Status-Abbrev} ${binary:Package} ${Version}\n', ...DEB]
  const lines = await ask('dpkg-query', words, context)
  return lines.filter(line => line.startsWith('ii')).map(line => line.slice(2).trim())
}

async function rpms(context: CollectContext): Promise<string[]> {
  const lines = await ask('rpm', ['-q', '--queryformat', '%{NAME} %{VERSION}-%{RELEASE}\n', ...RPM], context)
  return lines.filter(line => !line.includes('not installed'))
}

/** @returns the lines that the program prints; both programs exit with an error if one package is missing */
async function ask(program: string, words: string[], { signal }: CollectContext): Promise<string[]> {
  const path = await findProgram(program)
  if (path == null) return []
  return new Promise(resolve => {
    execFile(path, words, { signal, killSignal: 'SIGKILL', env: { LC_ALL: 'C' } }, (_, stdout) => {
      resolve(stdout.split('\n').filter(line => line.trim() !== ''))
    })
  })
}
