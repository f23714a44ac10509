/** Tools of the catalogue in a run of real daemons: what each leaves is in the result, and what cannot run is named before the workload. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkTool } from '../helpers/check-tool.ts'
import { uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const catalogue = suite('the catalogue in a run')
const net = useTestnet(catalogue, { peers: ['a', 'b'] })

const built = ['proc-interrupts', 'proc-vmstat', 'numastat', 'disk', 'cgroup', 'sysfs']
const files: Record<string, string> = {
  'proc-interrupts': 'interrupts.csv',
  'proc-vmstat': 'vmstat.csv',
  numastat: 'numastat.csv',
  disk: 'disk.csv',
  cgroup: 'cgroup.csv',
  sysfs: 'sysfs.csv',
  perf: 'perf.data',
  'perf-stat': 'perf-stat.csv',
  tcpdump: 'tcpdump.pcap',
  strace: 'strace.txt',
  bpftrace: 'bpftrace-stdout.txt',
  turbostat: 'turbostat-stdout.txt'
}

async function runWith(tools: string[], settings: string, work: string[]) {
  const spec = join(net().folder, 'catalogue.toml')
  writeFileSync(spec, `tools = ${JSON.stringify(tools)}\ninterval = 0.5\nsysinfo = "none"\n${settings}\n`)
  const ended = await net().bak('a', ['run', spec, '--json', '--', ...work])
  const events = ended.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const { folder } = events.at(-1)
  const text = (member: string, tool: string) => {
    const path = join(folder, '1-default/sample1/tools-default', member, tool, files[tool] as string)
    return existsSync(path) ? readFileSync(path, 'latin1') : ''
  }
  const shortfalls = events.filter(({ type }) => type === 'shortfall')
  return { ...ended, text, shortfalls }
}

catalogue('tools that the daemon samples leave their files, of both members', async () => {
  const { text, shortfalls, status, stdout } = await runWith(built, '', ['sleep', '1.2'])
  assert.is(status, 0, stdout)
  // a machine under load may be late
  assert.equal(
    shortfalls.filter(({ reason }) => !/ samples missed/.test(reason)),
    []
  )
  for (const member of ['a', 'b']) {
    for (const tool of built) assert.match(text(member, tool), /^time,.*\n(\d{13}\.\d,.*\n)+/, `${member} ${tool}`)
  }
})

const usable = async (name: string, options = {}) => (await checkTool(name, options)).usable
const programs = ['perf', 'perf-stat', 'tcpdump', 'bpftrace']
const present: string[] = []
for (const name of programs) if (await usable(name)) present.push(name)
const withPrograms = skipWhere(
  present.length === 0 ? `none of ${programs.join(', ')} can run here` : undefined,
  catalogue
)

withPrograms(
  'tools that are programs leave theirs, beside one that cannot run and is named before the workload starts',
  async () => {
    const settings =
      '[tool.perf]\nreport = false\n[tool.tcpdump]\ninterface = "lo"\n[tool.blktrace]\ndevices = "no-such-disk"'
    const { text, shortfalls, stdout } = await runWith([...present, 'blktrace'], settings, ['sleep', '2'])
    assert.equal(shortfalls.map(({ what, member }) => `${what} ${member}`).sort(), ['blktrace a', 'blktrace b'], stdout)
    for (const { reason } of shortfalls) assert.match(reason, /there is no \/dev\/no-such-disk|not found on PATH/)
    for (const member of ['a', 'b'])
      for (const tool of present) assert.ok(text(member, tool).length > 20, `${member} ${tool}`)
  }
)

const withStrace = skipWhere(needs('strace'), catalogue)

withStrace('strace follows the workload, which starts after the tools', async () => {
  const mark = uniqueSleep()
  const settings = `on = "a"\n[tool.strace]\npattern = "sleep ${mark.slice(0, 4)}*"\n`
  const { text, stdout } = await runWith(['strace'], settings, ['timeout', '3', 'sleep', mark])
  assert.match(text('a', 'strace'), /(nanosleep|SIGTERM)/, stdout)
})

const unified = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup2 ')
const withCgroup = skipWhere(unified ? undefined : 'cgroup v2 is not mounted', catalogue)

withCgroup('the group of the run itself is among the groups, where it has one', async () => {
  const { text } = await runWith(['cgroup'], '', ['sleep', '1.5'])
  const own = /\n\d+\.\d,[^,]*bak-\w+-\d{8}T\d{6}-\w+-own,cpu\.stat,usage_usec,\d+/
  const status = await net().bak('a', ['status'])
  if (/cgroup for each run/.test(status.stdout)) assert.match(text('a', 'cgroup'), own)
})

catalogue.run()
