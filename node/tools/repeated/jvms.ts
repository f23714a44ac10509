/** Java virtual machines of this machine: jstack prints what their threads do, jmap what their heaps have. */
import { readFileSync } from 'node:fs'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { findProcesses, processSettings, statusOf } from '../find-processes.ts'
import { findProgram, versionOf } from '../find-program.ts'
import { notFound } from '../program-tool.ts'
import { intervalOf, intervalSetting, settingsOf } from '../settings-of.ts'
import { sizeSetting } from '../size-setting.ts'
import type { Needs, Tool } from '../tool.ts'
import { repeatCommand } from './repeated-command.ts'

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
  const needs: Needs = {
    ...{ program: name, debian: 'openjdk-17-jdk-headless', fedora: 'java-latest-openjdk-devel' },
    privilege: 'root, for JVMs of other users'
  }
  const tool: Tool = {
    ...{ name, summary, lifetime: 'transient', needs, stop: 'the daemon starts no further sample' },
    settings: [intervalSetting, ...processSettings, sizeSetting(SIZE_MIB)],
    noWords: `${name} can also write files`,
    files: [
      {
        name: `${name}-stdout.txt`,
        what: 'a line with the time in ms since 1970, the pid and the program, then what it prints'
      },
      { name: `${name}-stderr.txt`, what: 'its messages' }
    ],
    async check(options: ToolOptions, { isQuick = false } = {}) {
      const path = await findProgram(name)
      if (path == null) return { tool: name, usable: false, reason: `${name}: ${notFound(needs)}` }
      if (isQuick) return { tool: name, usable: true }
      const { values } = settingsOf(tool, options)
      const version = await versionOf(path.replace(/[^/]*$/, 'java'), '-version')
      if (jvmsOf(values).length > 0) return { tool: name, usable: true, version }
      const wrong = values.pid == null || values.pattern != null ? undefined : `pid ${values.pid} is no JVM`
      if (wrong != null) return { tool: name, usable: false, reason: `${name}: ${wrong}` }
      return { tool: name, usable: true, version, reason: `${name}: no such JVM runs here at present` }
    },
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const interval = intervalOf(values, context)
      const commands = () =>
        jvmsOf(values).map(({ pid, argv }) => ({ argv: [name, ...words, `${pid}`], what: `${pid} ${nameOf(argv)}` }))
      return repeatCommand(
        { name, commands, interval, size: values.size as number, nothing: 'no such JVM ran here' },
        context
      )
    }
  }
  return tool
}

/** By default all. */
function jvmsOf({ pid, pattern }: Record<string, unknown>) {
  return findProcesses({ pid, pattern: pattern ?? (pid == null ? '*' : undefined) })
    .filter(({ pid: each }) => isJvm(each))
    .slice(0, MAX_JVMS)
}

/** It has the library of the virtual machine, and handles SIGQUIT. */
function isJvm(pid: number): boolean {
  if (!mayBeJvm(pid)) return false
  try {
    return /\/libjvm\.so$/m.test(readFileSync(`/proc/${pid}/maps`, 'utf8'))
  } catch {
    return false
  }
}

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
