/** Java virtual machines of this machine: jstack prints what their threads do, jmap what their heaps have. */

import { textIn } from '../../if-possible.ts'
import { findProcesses, processSettings, statusOf } from '../find-processes.ts'
import { versionOf } from '../find-program.ts'
import type { Tool } from '../tool.ts'
import { repeatedTool } from './repeated-tool.ts'

/** In one sample: each is held up for a moment. */
const MAX_JVMS = 32
const SIZE_MIB = 256
/** SIGQUIT in a mask of signals: how a JVM is told to listen. It would end a process that does not handle it. */
const SIGQUIT_BIT = 1n << 2n

export const jstack = jvmTool('jstack', 'what each thread of Java programs does', [])
export const jmap = jvmTool(
  'jmap',
  'classes by number and size of objects in the heaps of Java programs (jmap -histo)',
  ['-histo']
)

function jvmTool(name: string, summary: string, words: string[]): Tool {
  return repeatedTool({
    ...{ name, summary, settings: processSettings, size: SIZE_MIB },
    needs: {
      ...{ program: name, debian: 'openjdk-17-jdk-headless', fedora: 'java-latest-openjdk-devel' },
      privilege: 'root, for JVMs of other users'
    },
    noWords: `${name} can also write files`,
    files: [
      {
        name: `${name}-stdout.txt`,
        what: 'a line with the time in ms since 1970, the pid and the program, then what it prints'
      },
      { name: `${name}-stderr.txt`, what: 'its messages' }
    ],
    async tryOut(path, values) {
      const version = await versionOf(path.replace(/[^/]*$/, 'java'), '-version')
      if (jvmsOf(values).length > 0) return { version }
      if (values.pid != null && values.pattern == null) return { why: `pid ${values.pid} is no JVM` }
      return { version, reason: `${name}: no such JVM runs here at present` }
    },
    sample: values => ({
      commands: () =>
        jvmsOf(values).map(({ pid, argv }) => ({ argv: [name, ...words, `${pid}`], what: `${pid} ${nameOf(argv)}` })),
      nothing: 'no such JVM ran here'
    })
  })
}

/** By default all. */
function jvmsOf({ pid, pattern }: Record<string, unknown>) {
  return findProcesses({ pid, pattern: pattern ?? (pid == null ? '*' : undefined) })
    .filter(({ pid: each }) => isJvm(each))
    .slice(0, MAX_JVMS)
}

/** It has the library of the virtual machine, and handles SIGQUIT. */
const isJvm = (pid: number): boolean => mayBeJvm(pid) && /\/libjvm\.so$/m.test(textIn(`/proc/${pid}/maps`) ?? '')

function mayBeJvm(pid: number): boolean {
  const caught = statusOf(pid, 'SigCgt')
  return caught != null && /^[0-9a-f]+$/.test(caught) && (BigInt(`0x${caught}`) & SIGQUIT_BIT) !== 0n
}

/** Its main class or archive; no further words, which may be secrets. */
function nameOf(argv: string[]): string {
  const at = argv.findIndex(
    (word, i) =>
      i > 0 &&
      !word.startsWith('-') &&
      !['-cp', '-classpath', '--class-path', '-p', '--module-path'].includes(argv[i - 1] as string)
  )
  return (argv[at] ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
