/**
 * `node scripts/record-outputs.ts [TOOL...]`: has each tool observe this machine for three samples, as a run would, and keeps what it wrote in
 * `test/golden/outputs/tools/TOOL/`, with what it was asked and the versions of programs and kernel in `about.json`. Tests of the readers read these
 * files: what a test expects of them is worked out by hand from their numbers, so record anew only what you then look through.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Supervisor } from '../node/processes/supervisor.ts'
import { findTool } from '../node/tools/index.ts'
import { readers } from '../node/tools/readers/index.ts'
import type { ToolOptions } from '../protocols/tool-options.ts'
import { root } from './bundle.ts'
import { plainPrograms } from './plain-programs.ts'

const INTERVAL_S = 1
const SAMPLES = 3
/** Larger files are no golden ones. */
const MAX_BYTES = 200_000

interface Recording {
  tool: string
  /** Of the folder, if a tool is recorded in several ways. */
  name?: string
  options?: ToolOptions
}

const recordings: Recording[] = [
  { tool: 'proc' },
  { tool: 'proc-interrupts' },
  { tool: 'proc-vmstat' },
  { tool: 'disk', options: { mounts: '/' } as ToolOptions },
  { tool: 'numastat' },
  { tool: 'sched' },
  { tool: 'cgroup', options: { groups: 'machine' } as ToolOptions },
  { tool: 'sysfs', options: { path: 'class/net', maxdepth: 3, pattern: 'tx_*' } as ToolOptions },
  { tool: 'vmstat' },
  { tool: 'mpstat' },
  { tool: 'mpstat', name: 'mpstat-all', options: { options: ['-A'] } },
  { tool: 'mpstat', name: 'mpstat-json', options: { options: ['-o', 'JSON'] } },
  { tool: 'iostat' },
  { tool: 'iostat', name: 'iostat-json', options: { options: ['-o', 'JSON'] } },
  { tool: 'pidstat', options: { options: ['-C', '^(ksoftirqd|rcu_|kcompactd|pidstat)'] } },
  { tool: 'pidstat', name: 'pidstat-threads', options: { options: ['-t', '-p', 'SELF'] } },
  { tool: 'sar' },
  {
    tool: 'perf-stat',
    options: { options: ['-A'], events: 'context-switches,task-clock,page-faults,cycles' } as ToolOptions
  },
  { tool: 'kvmstat' },
  { tool: 'turbostat' },
  { tool: 'nvidia-smi' },
  { tool: 'docker' },
  { tool: 'podman' },
  { tool: 'openvswitch' },
  { tool: 'bpftrace' },
  { tool: 'bpftrace', name: 'bpftrace-syscount', options: { script: 'syscount' } as ToolOptions },
  { tool: 'bpftrace', name: 'bpftrace-cpuwalk', options: { script: 'cpuwalk' } as ToolOptions },
  { tool: 'gauge' }
]

interface Kept {
  tool: string
  options: ToolOptions
  /** Seconds. */
  interval: number
  /** ms since 1970. */
  began: number
  version?: string | undefined
  kernel: string
  machine: string
}

const kernel = release().replace(/-.*$/, '')
const wanted = process.argv.slice(2)
for (const recording of recordings) {
  const { tool, name = tool } = recording
  if (wanted.length > 0 && !wanted.includes(name)) continue
  try {
    await record(recording)
    process.stdout.write(`${name}: recorded\n`)
  } catch (error) {
    process.stdout.write(`${name}: ${(error as Error).message}\n`)
  }
}

/** @throws why it cannot be recorded here */
async function record({ tool: toolName, name = toolName, options = {} }: Recording): Promise<void> {
  const tool = findTool(toolName, options)
  const checked = await tool.check(options)
  if (!checked.usable) throw new Error(checked.reason)
  const folder = mkdtempSync(join(tmpdir(), 'bak-record-'))
  const supervisor = new Supervisor({ ledger: join(folder, '..', `${folder.split('/').at(-1)}.ledger`) })
  try {
    const { signal } = new AbortController()
    const context = { folder, interval: INTERVAL_S, options, programs: plainPrograms(supervisor), signal }
    await tool.before?.(context)
    const running = await tool.start(context)
    await running.ready
    await sleep((SAMPLES + 0.3) * INTERVAL_S * 1000)
    const faults = await running.stop()
    await tool.after?.(context)
    if (faults.length > 0) throw new Error(faults.join('; '))
    keep(folder, name, {
      ...{ tool: toolName, options, interval: INTERVAL_S, began: running.began },
      ...{ version: checked.version, kernel, machine: process.arch }
    })
  } finally {
    await supervisor.close({ grace: 0 })
    rmSync(folder, { recursive: true, force: true })
    rmSync(`${folder}.ledger`, { force: true, recursive: true })
  }
}

function keep(folder: string, name: string, about: Kept): void {
  const into = join(root, 'test/golden/outputs/tools', name)
  rmSync(into, { recursive: true, force: true })
  mkdirSync(into, { recursive: true })
  for (const file of readdirSync(folder)) {
    const path = join(folder, file)
    if (!statSync(path).isFile() || statSync(path).size === 0) continue
    const { as, text } = asText(path, file, about)
    if (text.length <= MAX_BYTES) writeFileSync(join(into, as), text)
  }
  writeFileSync(join(into, 'about.json'), `${JSON.stringify(about, null, 2)}\n`)
}

/** What is binary is kept as the text that its reader reads. The name of this machine, and what its kernel's builder added to the version, are left out. */
function asText(path: string, file: string, { tool, options, interval, began }: Kept): { as: string; text: string } {
  const reader = readers[tool]?.find(({ files }) => files.includes(file))
  const argv = reader?.convert?.(path, { tool, file, options, interval, began })
  const [program = '', ...words] = argv ?? []
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const text = argv == null ? readFileSync(path, 'utf8') : spawnSync(program, words, { env, encoding: 'utf8' }).stdout
  const plain = text.replaceAll(release(), kernel).replaceAll(`(${hostname()})`, '(host)')
  return { as: argv == null ? file : `${file}.txt`, text: plain.replaceAll(`${hostname()};`, 'host;') }
}
