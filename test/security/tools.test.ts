/** What a controller can make the tools of bak do, which may run as root: observe, and nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { whyProtected } from '../../node/tools/find-processes.ts'
import { listTools, programRunBy } from '../../node/tools/index.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { checkTool } from '../helpers/check-tool.ts'
import { processesWith, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const tools = suite('tools with the words of a controller')

/** The program that a run brings with these options; `refused` where there is no such option at all. */
const judged = async (name: string, options: ToolOptions): Promise<string[] | 'own' | 'refused'> => {
  const refused = await checkTool(name, options).then(
    () => false,
    error => error.code === 'usage'
  )
  if (refused) return 'refused'
  return programRunBy(name, options) ?? 'own'
}

/** Words that run programs, write or read files anywhere, or show what is in the memory of others. */
const brought: Array<[name: string, options: ToolOptions]> = [
  ['tcpdump', { options: ['-z', '/bin/sh'] }],
  ['tcpdump', { options: ['-w', '/etc/cron.d/x'] }],
  ['tcpdump', { options: ['-F', '/etc/shadow'] }],
  ['tcpdump', { options: ['-r', '/root/x.pcap'] }],
  ['tcpdump', { options: ['-V', '/etc/shadow'] }],
  ['tcpdump', { options: ['-s', '0'] }],
  ['tcpdump', { options: ['-A'] }],
  ['tcpdump', { options: ['-nz', '/bin/sh'] }],
  ['tcpdump', { options: ['--postrotate-command=/bin/sh'] }],
  ['tcpdump', { options: ['-Z', 'daemon'] }],
  ['perf', { options: ['/bin/sh', '-c', 'id'] }],
  ['perf', { options: ['--', '/bin/sh'] }],
  ['perf', { options: ['-o', '/etc/cron.d/x'] }],
  ['perf', { options: ['--output=/etc/cron.d/x'] }],
  ['perf', { options: ['-e', '/tmp/x.c'] }],
  ['perf', { options: ['--call-graph', 'dwarf'] }],
  ['perf', { options: ['--user-regs=ip'] }],
  ['perf', { options: ['--switch-output=1M'] }],
  ['perf', { options: ['--control=fifo:/tmp/x'] }],
  ['perf', { 'record-opts': '-a -o /etc/cron.d/x' }],
  ['perf', { 'record-opts': '-- /bin/sh -c id' }],
  ['perf', { options: ['--record-opts=-a --call-graph dwarf'] }],
  ['perf-stat', { options: ['/bin/sh'] }],
  ['perf-stat', { options: ['-o', '/etc/cron.d/x'] }],
  ['perf-stat', { options: ['--pre', '/bin/sh'] }],
  ['perf-stat', { options: ['--post=/bin/sh'] }],
  ['kvmstat', { options: ['--pre=/bin/sh'] }],
  ['turbostat', { options: ['/bin/sh'] }],
  ['turbostat', { options: ['--out', '/etc/cron.d/x'] }],
  ['turbostat', { options: ['-o/etc/cron.d/x'] }],
  ['turbostat', { options: ['--add', 'msr0x10,raw'] }],
  ['trace-cmd', { options: ['/bin/sh', '-c', 'id'] }],
  ['trace-cmd', { options: ['-o', '/etc/cron.d/x'] }],
  ['trace-cmd', { options: ['-R', 'snapshot'] }],
  ['blktrace', { options: ['-o', '/etc/x'] }],
  ['blktrace', { options: ['-h', 'evil.example'] }],
  ['blktrace', { options: ['-I', '/etc/shadow'] }],
  ['bpftrace', { options: ['--unsafe'] }],
  ['bpftrace', { options: ['-c', '/bin/sh'] }],
  ['bpftrace', { options: ['-o', '/etc/cron.d/x'] }],
  ['bpftrace', { options: ['-e', 'BEGIN { cat("/etc/shadow"); }'] }],
  ['bpftrace', { options: ['--program=BEGIN { cat("/etc/shadow"); }'] }],
  ['bpftrace', { program: 'BEGIN { cat("/etc/shadow"); }' }],
  ['bpftrace', { script: '/tmp/evil.bt' }],
  ['nvidia-smi', { options: ['-pl', '100'] }],
  ['nvidia-smi', { options: ['--gpu-reset'] }],
  ['nvidia-smi', { options: ['-f', '/etc/cron.d/x'] }],
  ['sar', { options: ['-o', '/etc/cron.d/x', '1'] }],
  ['sar', { options: ['-o/etc/cron.d/x'] }],
  ['sar', { options: ['-f', '/root/x'] }],
  ['iostat', { options: ['-f', '/tmp'] }],
  ['iostat', { options: ['+f', '/tmp'] }],
  ['pidstat', { options: ['-e', '/bin/sh'] }],
  ['pidstat', { options: ['-ue', '/bin/sh'] }],
  ['pidstat', { options: ['-l'] }]
]
for (const [name, options] of brought) {
  tools(`${name} with ${JSON.stringify(options)} is a program that the run brings`, async () => {
    const judgement = await judged(name, options)
    assert.ok(Array.isArray(judgement), `${judgement}`)
  })
}

const refused: Array<[name: string, options: ToolOptions]> = [
  ['strace', { options: ['-o', '|/bin/sh'], pid: '2' }],
  ['strace', { options: ['/bin/sh'], pid: '2' }],
  ['strace', { options: ['-s', '9999'], pid: '2' }],
  ['strace', { options: ['-e', 'inject=all:error=EPERM'], pid: '2' }],
  ['strace', { trace: 'inject=all:error=EPERM', pid: '2' }],
  ['strace', { trace: 'read -o /x', pid: '2' }],
  ['strace', { pid: '2 -o /x' }],
  ['tcpdump', { filter: '-z/bin/sh' }],
  ['tcpdump', { interface: '-z' }],
  ['tcpdump', { snaplen: 65535 }],
  ['tcpdump', { packets: -1 }],
  ['perf-stat', { events: '/tmp/x.c' }],
  ['perf-stat', { events: '-o' }],
  ['trace-cmd', { events: 'sched -o /x' }],
  ['trace-cmd', { events: '/bin/sh' }],
  ['blktrace', { devices: '../../etc/shadow' }],
  ['blktrace', { devices: '-I' }],
  ['bpftrace', { program: '--unsafe' }],
  ['bpftrace', { script: '../x' }],
  ['nvidia-smi', { query: '-pl 100' }],
  ['jmap', { options: ['-dump:file=/etc/cron.d/x'] }],
  ['jmap', { pid: '1 -dump:file=/x' }],
  ['jstack', { options: ['-F'] }],
  ['podman', { options: ['run', 'x'] }],
  ['docker', { options: ['--host=tcp://evil'] }],
  ['openvswitch', { options: ['del-br'] }],
  ['numastat', { pattern: '-x' }],
  ['cgroup', { groups: '../../../etc' }],
  ['cgroup', { groups: '/etc' }],
  ['cgroup', { groups: 'a/*/b' }],
  ['sysfs', { path: 'kernel/debug' }],
  ['sysfs', { path: 'class/../kernel/tracing' }],
  ['sysfs', { path: '/etc' }],
  ['sysfs', { path: '/sys/firmware' }],
  ['proc', { options: ['x'] }],
  ['perf', { size: 1e9 }]
]
for (const [name, options] of refused) {
  tools(`${name} with ${JSON.stringify(options)} is refused by name`, async () => {
    assert.is(await judged(name, options), 'refused')
  })
}

const own: Array<[name: string, options: ToolOptions]> = [
  ['tcpdump', { interface: 'lo', filter: 'tcp port 80', packets: 500 }],
  ['tcpdump', { options: ['--interface=lo', '--packets=500'] }],
  ['perf', {}],
  ['perf', { options: ['--record-opts=-a --freq=100', '--callgraph'] }],
  ['perf', { options: ['-e', 'cycles:u', '-F', '99'] }],
  ['perf-stat', { events: 'cycles,sched:*' }],
  ['turbostat', { options: ['--show', 'Busy%,Bzy_MHz'] }],
  ['bpftrace', { script: 'biolatency' }],
  ['trace-cmd', { events: 'sched,block:*' }],
  ['blktrace', { devices: '/dev/sda,nvme0n1' }],
  ['sar', { options: ['-n', 'DEV,EDEV', '-u', 'ALL'] }],
  ['iostat', { options: ['-p', 'sda'] }],
  ['mpstat', { options: ['-I', 'SUM'] }],
  ['vmstat', { options: ['-S', 'M'] }]
]
for (const [name, options] of own) {
  tools(`${name} with ${JSON.stringify(options)} observes, and is bak's own`, async () => {
    assert.is(await judged(name, options), 'own')
  })
}

tools('no tool takes a word that it does not know as its own', async () => {
  for (const { name } of listTools()) {
    for (const word of ['-o', '--output=/x', '/bin/sh', '--command', '--exec=/bin/sh', '|sh', '--', '@/etc/shadow']) {
      assert.is.not(
        await judged(name, { options: [word], ...(name === 'strace' ? { pid: '2' } : {}) }),
        'own',
        `${name} ${word}`
      )
    }
  }
})

tools('no tool attaches to a daemon of bak, to the first process, or to a thread of the kernel', async () => {
  assert.is(whyProtected(process.pid), 'this daemon')
  assert.match(whyProtected(1) as string, /^process 1/)
  const child: ChildProcess = spawn('sh', ['-c', 'while :; do sleep 1; done', 'bak-node'], { stdio: 'ignore' })
  const named = spawn('/bin/sh', ['-c', 'sleep 60; :'], { argv0: '/usr/bin/bak-node', stdio: 'ignore' })
  const other = spawn('sleep', ['60'], { stdio: 'ignore' })
  try {
    assert.is(whyProtected(child.pid as number), 'a daemon of bak')
    assert.is(whyProtected(named.pid as number), 'a daemon of bak')
    assert.is(whyProtected(other.pid as number), undefined)
    if (needs('strace') == null) {
      for (const pid of [process.pid, child.pid, 1]) {
        const { usable, reason } = await checkTool('strace', { pid: `${pid}` })
        assert.not(usable)
        assert.match(reason as string, /^strace: pid \d+ is (this daemon|a daemon of bak|process 1)/)
      }
    }
  } finally {
    for (const each of [child, named, other]) {
      each.kill('SIGKILL')
      await once(each, 'exit')
    }
  }
})

tools.run()

const needsRoot = process.getuid?.() === 0 ? undefined : 'the daemons must be root’s'
const members = suite('tools of a controller on the founder')
const flags: Record<string, string[]> = { p: ['--allow-privileged', 'bpftrace -e **'] }
const net =
  needsRoot == null ? useTestnet(members, { peers: ['a', 'c', 'p'], args: name => flags[name] ?? [] }) : undefined

async function runTool(name: string, settings: string, member = 'a') {
  if (net == null) throw new Error(needsRoot)
  const spec = join(net().folder, `${name}.toml`)
  writeFileSync(spec, `tools = ["${name}"]\non = "${member}"\nsysinfo = "none"\n[tool.${name}]\n${settings}\n`)
  const ended = await net().bak('c', ['run', spec, '--quorum', '1', '--json', '--', 'sleep', '1'])
  const last = ended.stdout.trim().split('\n').at(-1) ?? ''
  const folder = last.startsWith('{') ? (JSON.parse(last).folder as string | undefined) : undefined
  const text = (file: string) => {
    const path = join(folder ?? '', '1-default/sample1/tools-default', member, name, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  return { ...ended, text }
}

const withPerf = skipWhere(needsRoot ?? needs('perf'), members)

withPerf(
  'a program behind the words of perf runs as a user who may not write, though the daemon is root’s',
  async () => {
    const path = `/var/lib/bak-test-outside-${process.pid}`
    const { text, stdout } = await runTool('perf', `record-opts = "-e cpu-clock:u -- touch ${path}"`)
    assert.match(stdout + text('perf-stderr.txt'), /touch: cannot touch .*(Permission denied|Read-only)/)
    assert.not.ok(existsSync(path))
  }
)

const withBpftrace = skipWhere(needsRoot ?? needs('bpftrace'), members)

withBpftrace('a program of the run for bpftrace reads no file of root', async () => {
  const program = 'BEGIN { printf("began\\\\n"); cat("/etc/shadow"); }'
  const { text, stderr, stdout } = await runTool('bpftrace', `program = "${program.replaceAll('"', '\\"')}"`)
  assert.not.match(text('bpftrace-stdout.txt') + text('bpftrace-stderr.txt'), /root:/)
  assert.match(stdout + stderr, /supports running as the root user|not permitted/)
})

withBpftrace('a program of the run for bpftrace runs where its owner named it', async () => {
  const program = 'BEGIN { printf("began\\\\n"); } interval:s:100 { }'
  const { text, stdout } = await runTool('bpftrace', `program = "${program.replaceAll('"', '\\"')}"`, 'p')
  assert.match(text('bpftrace-stdout.txt'), /^began$/m, stdout)
})

const withStrace = skipWhere(needsRoot ?? needs('strace'), members)

withStrace('strace is refused the daemon before the run, by the reason', async () => {
  if (net == null) return
  const [pid] = processesWith(net().peer('a').home)
  const { stderr, stdout } = await runTool('strace', `pid = "${pid}"`)
  assert.match(stdout + stderr, new RegExp(`"what":"strace","reason":"pid ${pid} is (this daemon|a daemon of bak)`))
})

members.run()
