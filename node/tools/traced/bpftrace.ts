/**
 * bpftrace. A program for it can read the memory of the kernel and of every process, and every file: so only those of bak's own are bak's
 * tool. A text or a path of the user's is a program that the run brings.
 */
import { observingProgram, type Values, type Wanted } from '../observing-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { SCRIPTS } from './bpf-scripts.ts'
import { inOwnMounts, whyNever, whyNotNow } from './own-mounts.ts'

const names = Object.keys(SCRIPTS)

export const bpftrace = observingProgram({
  name: 'bpftrace',
  summary: 'what the kernel does, counted and timed by small programs (bpftrace)',
  needs: { debian: 'bpftrace', fedora: 'bpftrace', privilege: 'root, and a kernel with BPF' },
  settings: [
    {
      name: 'script',
      type: 'string',
      default: 'runqlat',
      summary: `${names.join(', ')}; or the absolute path of a script, which its owner must allow`,
      check: text =>
        names.includes(text) || /^\/[^\0\n]{1,1023}$/.test(text)
          ? undefined
          : `expected ${names.join(', ')}, or an absolute path`
    },
    {
      name: 'program',
      type: 'string',
      summary: 'the text of a program instead, which its owner must allow',
      check: text =>
        /^[^\0]{1,16384}$/s.test(text) && !text.startsWith('-')
          ? undefined
          : 'expected up to 16384 characters, of which the first is no -'
    }
  ],
  size: 64,
  files: [
    {
      name: 'bpftrace-stdout.txt',
      what: "what it prints; a line with the time in s since 1970 before each sample of bak's own scripts"
    }
  ],
  brings: ({ script, program }) => {
    if (program != null) return 'with a program of its own'
    return names.includes(`${script}`) ? undefined : `with ${script}`
  },
  argv: wanted => ['bpftrace', ...programOf(wanted)],
  asStarted: argv => inOwnMounts('tracefs', argv),
  grace: 10_000,
  versionFlag: '--version',
  async whyNot() {
    return process.getuid?.() === 0 ? whyNever('tracefs') : 'only root may load programs into the kernel'
  },
  async tryOut({ values }) {
    const why = await whyNotNow('tracefs')
    if (why != null) return why
    const probe = ['bpftrace', '-e', `${probesOf(values)} { } BEGIN { exit(); }`]
    const tried = await tryProgram(await inOwnMounts('tracefs', probe), { timeout: 8_000 })
    return tried.isDone ? undefined : reasonOf({ ...tried, stderr: withoutWarnings(tried.stderr) })
  }
})

function programOf({ values, interval }: Wanted): string[] {
  if (values.program != null) return ['-e', `${values.program}`]
  const own = SCRIPTS[`${values.script}`]
  return own == null
    ? [`${values.script}`]
    : ['-e', own.text.trim().replaceAll('$1', `${Math.max(1, Math.round(interval * 1000))}`)]
}

/** The places at which a script of bak's looks. */
const probesOf = ({ script }: Values) =>
  [...new Set((SCRIPTS[`${script}`]?.text ?? '').match(/(tracepoint:[\w:]+|profile:hz:\d+)/g) ?? [])].join(', ')

/** It works all the same. */
const withoutWarnings = (text: string) =>
  text
    .split('\n')
    .filter(line => !line.includes('RLIMIT_MEMLOCK') && !line.startsWith('WARNING'))
    .join('\n')
