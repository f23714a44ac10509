/** Versions of installed packages: those that measure or influence a measurement, and all. */
import { release } from 'node:os'
import { ask, type CollectContext, type Collector } from './collector.ts'

const DEB = ['sysstat', 'procps', 'linux-perf*', `linux-image-${release()}`, 'libc6', 'nodejs', 'util-linux', 'numactl']
const RPM = ['sysstat', 'procps-ng', 'perf', `kernel-core-${release()}`, 'glibc', 'nodejs', 'util-linux', 'numactl']

/** One line `name version` per package. */
export const packages: Collector = {
  isPublic: true,
  async collect(context) {
    const found = await installed(context, DEB, RPM)
    if (context.signal.aborted) context.cut('not read in time')
    return `${[`node ${process.version}`, ...found].join('\n')}\n`
  }
}

export const allPackages: Collector = {
  deadline: 20_000,
  isPublic: true,
  async collect(context) {
    const found = await installed(context, [], ['-a'])
    if (context.signal.aborted) context.cut('not read in time')
    else if (found.length === 0) return context.lacks('neither dpkg-query nor rpm is here')
    return `${found.sort().join('\n')}\n`
  }
}

/** @param debs patterns, all where there are none */
async function installed(context: CollectContext, debs: string[], rpms: string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of dpkg-query
  const shown = ['--show', '--showformat=${db:Status-Abbrev} ${binary:Package} ${Version}\n', ...debs]
  const lines = await Promise.all([
    linesOf(context, 'dpkg-query', shown),
    linesOf(context, 'rpm', ['-q', '--queryformat', '%{NAME} %{VERSION}-%{RELEASE}\n', ...rpms])
  ])
  const [deb, rpm] = lines as [string[], string[]]
  return [
    ...deb.filter(line => line.startsWith('ii')).map(line => line.slice(2).trim()),
    ...rpm.filter(line => !line.includes('not installed'))
  ]
}

/** Both programs exit with an error if one package is missing. */
async function linesOf(context: CollectContext, program: string, words: string[]): Promise<string[]> {
  const text = await ask(program, words, context).catch(() => undefined)
  return (text ?? '').split('\n').filter(line => line.trim() !== '')
}
