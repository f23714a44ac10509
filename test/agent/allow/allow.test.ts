import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  explain,
  limitTools,
  type Machine,
  type Refusal,
  type Rules,
  refusalOf
} from '../../../node/agent/allow/allow.ts'
import { isPrivileged } from '../../../node/agent/allow/program-rule.ts'
import { programRunBy, textsOf } from '../../../node/tools/index.ts'
import type { Brought } from '../../../node/work/workloads/brought.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { newSigner } from '../../helpers/streams.ts'

const open: Rules = { controllers: true, exec: true, tools: true, paths: true }
const [ops, other] = [newSigner().peer, newSigner().peer]

/** Links of a small disk; every other path exists and is no link. */
const links: Record<string, string> = {
  '/bin': 'usr/bin',
  '/opt/now': 'v2',
  '/opt/v2/shell': '/bin/sh',
  '/opt/*link': '/tmp',
  '/usr/bin/sh': 'dash'
}
const machine: Machine = {
  inspect: async path => (links[path] == null ? 'exists' : { link: links[path] }),
  find: async name => (/^[a-z][\w.-]*$/.test(name) && name !== 'unknown' ? `/usr/bin/${name}` : undefined),
  ...{ runs: programRunBy, texts: textsOf }
}

const toolOf = (tool: string, options: ToolOptions = {}): Assignment => ({ group: 'default', tool, options })
const own = (...command: string[]) => toolOf('mine', { command })
const line = (text: string) => own('/bin/sh', '-c', text)

const judge = (
  rules: Partial<Rules>,
  tools: Assignment[],
  names?: Record<string, string[]>,
  bound: Record<string, string> = {}
): Promise<Refusal | undefined> => {
  const caller = names && {
    peer: ops,
    named: (name: string) => names[name] ?? [],
    boundTo: (name: string) => bound[name]
  }
  return refusalOf({ ...open, ...rules }, { caller, tools }, machine)
}

const controllers = suite('allow.controllers')
const callers: Array<[rule: Rules['controllers'], names: Record<string, string[]>, refused: RegExp | undefined]> = [
  [true, {}, undefined],
  [false, {}, /does not name 12D3/],
  [[], {}, /does not name 12D3/],
  [[ops], {}, undefined],
  [[other], {}, /does not name 12D3/],
  [['ops'], { ops: [ops] }, undefined],
  [['boss', 'ops'], { ops: [ops], boss: [other] }, undefined],
  [['boss'], { ops: [ops], boss: [other] }, /does not name 12D3/],
  [['ops'], {}, /does not name 12D3/],
  // a name that two peers use allows neither
  [['ops'], { ops: [ops, other] }, /names ops, as 2 peers call themselves/],
  [['ops', ops], { ops: [ops, other] }, undefined],
  [['ops#abc', 'ops'], { ops: [ops, other], 'ops#abc': [ops] }, undefined]
]
for (const [rule, names, refused] of callers) {
  controllers(
    `${JSON.stringify(rule).replaceAll(ops, 'OPS').replaceAll(other, 'OTHER')} where ${JSON.stringify(names)
      .replaceAll(ops, 'OPS')
      .replaceAll(other, 'OTHER')} ${refused == null ? 'allows' : 'refuses'} OPS`,
    async () => {
      const refusal = await judge({ controllers: rule }, [], names)
      if (refused == null) return assert.is(refusal, undefined)
      assert.is(refusal?.rule, 'controllers')
      assert.match(refusal?.why as string, refused)
    }
  )
}
controllers('a name means the peer that it was bound to, whoever has it now', async () => {
  const rule = { controllers: ['ops'] }
  assert.is(await judge(rule, [], { ops: [ops, other] }, { ops }), undefined)
  const refusal = await judge(rule, [], { ops: [ops] }, { ops: other })
  assert.match(refusal?.why as string, `names ops, which is ${other} here: to let this one in, name its id ${ops}`)
})
controllers('a run of this peer needs no entry in the list', async () => {
  assert.is(await judge({ controllers: false }, [toolOf('proc')]), undefined)
})
controllers.run()

const rules = suite('allow.tools, allow.exec, allow.paths')
type Case = [rules: Partial<Rules>, tool: Assignment, refused?: keyof Rules]
const table: Case[] = [
  [{}, toolOf('vmstat')],
  [{}, line('anything | at; all')],
  [{ tools: false }, toolOf('proc'), 'tools'],
  [{ tools: false }, own('tcpdump'), 'tools'],
  [{ tools: [] }, toolOf('proc'), 'tools'],
  [{ tools: ['proc', 'vmstat'] }, toolOf('vmstat')],
  [{ tools: ['proc', 'vmstat'] }, toolOf('sar'), 'tools'],
  [{ tools: ['medium'] }, toolOf('sar')],
  [{ tools: ['medium'] }, toolOf('mpstat'), 'tools'],
  [{ tools: ['*stat'] }, toolOf('mpstat')],
  // a program under the name of a tool is a program
  [{ tools: ['proc'], exec: false }, toolOf('proc', { command: ['rm'] }), 'exec'],
  [{ tools: ['proc'] }, own('tcpdump')],

  [{ exec: false }, toolOf('sar', { options: ['-A'] })],
  [{ exec: false }, own('tcpdump', '-i', 'eth0'), 'exec'],
  [{ exec: [] }, own('tcpdump'), 'exec'],
  [{ exec: ['tcpdump'] }, own('tcpdump', '-i', 'eth0')],
  [{ exec: ['tcpdump'] }, own('/usr/bin/tcpdump')],
  [{ exec: ['tcpdump'] }, own('/bin/tcpdump')],
  [{ exec: ['tcpdump'] }, own('tcpdump', '--print')],
  // an option may be shortened
  [{ exec: ['tcpdump'] }, own('tcpdump', '--postrot=sh'), 'exec'],
  [{ exec: ['sort'] }, own('sort', '--check'), undefined],
  [{ exec: ['sort'] }, own('sort', '--co=sh', '-S1k'), 'exec'],
  [{ exec: ['split'] }, own('split', '--fil=sh'), 'exec'],
  [{ exec: ['tcpdump'] }, own('/tmp/tcpdump'), 'exec'],
  [{ exec: ['tcpdump'] }, own('./tcpdump'), 'exec'],
  [{ exec: ['tcpdump'] }, own('tcpdump2'), 'exec'],
  [{ exec: ['tcp*'] }, own('tcpdump')],
  [{ exec: ['/usr/bin/tcpdump'] }, own('tcpdump')],
  [{ exec: ['/bin/tcpdump'] }, own('tcpdump')],
  [{ exec: ['/usr/bin/*'] }, own('sleep')],
  [{ exec: ['/usr/bin/*'] }, own('unknown'), 'exec'],
  [{ exec: ['/opt/v2/*'] }, own('/opt/now/bench')],
  [{ exec: ['/opt/now/*'] }, own('/opt/v2/bench')],
  [{ exec: ['/opt/now/*'] }, own('/opt/v1/bench'), 'exec'],
  [{ exec: ['/opt/now/*'] }, own('/opt/now/sub/bench'), 'exec'],
  [{ exec: ['/opt/now/**'] }, own('/opt/now/sub/bench')],
  [{ exec: ['/opt/**'] }, own('/opt/../tmp/evil'), 'exec'],
  [{ exec: ['/opt/**'] }, own('/opt/v2/../../tmp/evil'), 'exec'],
  [{ exec: ['/opt/**'] }, own('/opt/*link/bench'), 'exec'],
  [{ exec: ['/bin/sh'] }, own('/bin/sh', '-c', 'a | b'), 'exec'],
  [{ exec: ['/bin/sh -c **'] }, own('/bin/sh', '-c', 'a | b')],
  [{ exec: ['/bin/sh'] }, own('/usr/bin/dash', '-c', 'a | b'), 'exec'],
  [{ exec: ['/**'] }, own('/any/thing')],
  [{ exec: ['*'] }, own('tcpdump')],
  [{ exec: ['x'] }, own(''), 'exec'],
  [{ exec: ['*x'] }, own('x'.repeat(100_000)), 'exec'],

  // a line as --tool makes it, without special characters: its first word is the program
  [{ exec: ['tcpdump'] }, line('tcpdump -i eth0 -w net.pcap')],
  [{ exec: ['tcpdump'] }, line('  tcpdump  -i eth0')],
  [{ exec: ['sh'] }, line('tcpdump; rm -rf /'), 'exec'],
  [{ exec: ['sh -c *'] }, line('tcpdump; rm -rf /'), 'exec'],
  [{ exec: ['sh -c **'] }, line('tcpdump; rm -rf /')],
  [{ exec: ['tcpdump'] }, line('tcpdump; rm -rf /'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump\nrm -rf /'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump $(rm -rf /)'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump `rm`'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump -z "x"'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump > /etc/passwd'), 'exec'],
  [{ exec: ['tcpdump'] }, line('tcpdump & rm'), 'exec'],
  [{ exec: ['tcpdump'] }, line('PATH=/tmp tcpdump'), 'exec'],
  [{ exec: ['tcpdump'] }, line(''), 'exec'],
  [{ exec: ['tcpdump'] }, own('/bin/sh', '-c', 'tcpdump', '$0'), 'exec'],
  [{ exec: ['tcpdump'] }, own('/bin/bash', '-c', 'tcpdump'), 'exec'],

  // programs that run others
  [{ exec: ['pidstat'] }, own('pidstat', '-e', '/bin/sh', '-c', 'id'), 'exec'],
  [{ exec: ['pidstat'] }, own('pidstat', '-ue', 'id'), 'exec'],
  [{ exec: ['pidstat'] }, own('pidstat', '-u', '1')],
  [{ exec: ['pidstat'] }, toolOf('mine', { command: ['pidstat'], options: ['-e', 'id'] }), 'exec'],
  [{ exec: ['tcpdump'] }, own('tcpdump', '-i', 'eth0', '-z', 'id'), 'exec'],
  [{ exec: ['tcpdump'] }, own('tcpdump', '-Uzid'), 'exec'],
  [{ exec: ['find'] }, own('find', '.', '-exec', 'id', ';'), 'exec'],
  [{ exec: ['find'] }, own('find', '.', '-name', 'x')],
  ...[
    'sh',
    'bash',
    'busybox',
    'sudo',
    'ssh',
    'xargs',
    'perf',
    'strace',
    'watch',
    'python3',
    'python3.11',
    'ld-linux-x86-64.so.2'
  ].map((name): Case => [{ exec: [name, 'id'] }, own(name, 'id'), 'exec']),
  [{ exec: true }, own('sudo', 'id')],
  [{ exec: ['nice'] }, own('nice', '-n', '5', 'sleep', '1'), 'exec'],
  [{ exec: ['nice', 'sleep'] }, own('nice', '-n', '5', 'sleep', '1')],
  [{ exec: ['nice', 'sleep'] }, own('nice', '-n5', 'rm', 'sleep'), 'exec'],
  [{ exec: ['timeout', 'sleep'] }, own('timeout', '--signal=KILL', '-v', '5', 'sleep', '1')],
  [{ exec: ['timeout', 'sleep'] }, own('timeout', 'sleep', 'rm'), 'exec'],
  [{ exec: ['timeout', 'nice', 'sleep'] }, own('timeout', '5', 'nice', 'sleep', '1')],
  [{ exec: ['timeout', 'nice', 'sleep'] }, own('timeout', '5', 'nice', 'sudo', 'sleep'), 'exec'],
  [{ exec: ['taskset', 'sleep'] }, own('taskset', '-c', '0', 'sleep', '1')],
  [{ exec: ['env', 'sleep'] }, own('env', '-i', 'sleep', '1')],
  [{ exec: ['env', 'sleep'] }, own('env', 'LD_PRELOAD=x', 'sleep'), 'exec'],
  [{ exec: ['env', 'sleep'] }, own('env', '-C', 'sleep', 'rm'), 'exec'],
  [{ exec: ['env', 'sleep'] }, own('env', '--chdir', 'sleep', 'rm'), 'exec'],
  [{ exec: ['env', 'sleep'] }, own('env', '-Srm', 'sleep'), 'exec'],
  [{ exec: ['env', 'sleep'] }, own('env', '-S', 'sleep', 'rm'), 'exec'],
  [{ exec: ['env'] }, own('env')],

  // entries with arguments
  [{ exec: ['tcpdump -i * -w *'] }, own('tcpdump', '-i', 'eth0', '-w', 'net.pcap')],
  [{ exec: ['tcpdump -i * -w *'] }, line('tcpdump -i eth0 -w net.pcap')],
  [{ exec: ['tcpdump -i * -w *'] }, toolOf('mine', { command: ['tcpdump', '-i', 'eth0'], options: ['-w', 'a'] })],
  [{ exec: ['tcpdump -i * -w *'] }, own('tcpdump', '-i', 'eth0', '-w', '/etc/cron.d/x'), 'exec'],
  [{ exec: ['tcpdump -i * -w *'] }, own('tcpdump', '-i', 'eth0', '-w', 'a', '-z', 'id'), 'exec'],
  [{ exec: ['tcpdump -i * -w *'] }, own('tcpdump', '-i', 'eth0'), 'exec'],
  [{ exec: ['tcpdump -i * -w *'] }, own('tcpdump'), 'exec'],
  [{ exec: ['tcpdump -i * -w *'] }, own('/tmp/tcpdump', '-i', 'eth0', '-w', 'a'), 'exec'],
  [{ exec: ['tcpdump -i * -w /data/**'] }, own('tcpdump', '-i', 'eth0', '-w', '/data/x')],
  [{ exec: ['/usr/bin/sleep 9'] }, own('sleep', '9')],
  [{ exec: ['/usr/bin/sleep 9'] }, own('sleep', '10'), 'exec'],
  [{ exec: ['sudo -n sleep *'] }, own('sudo', '-n', 'sleep', '5')],

  // the words of a program
  [{ paths: ['/opt'] }, own('sar', '-o', '/etc/x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '-o', '/opt/x')],
  [{ paths: ['/opt'] }, toolOf('mine', { command: ['sar'], options: ['-o', '/etc/x', '1'] }), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '-o/etc/x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '--file=/etc/x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '--file=/opt/../etc/x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '../x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '..'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', '-o../x'), 'paths'],
  [{ paths: ['/opt'] }, own('sar', 'a/../../x'), 'paths'],
  [{ paths: ['/opt'] }, own('dd', 'if=/etc/shadow', 'of=x'), 'paths'],
  [{ paths: ['/opt'] }, own('dd', 'if=/opt/x', 'of=y')],
  [{ paths: ['/opt'] }, own('x', '/opt/a,/etc/b'), 'paths'],
  [{ paths: ['/opt'] }, own('x', '--mount=/opt/a:/etc'), 'paths'],
  [{ paths: ['/opt'] }, own('x', '-I', 'eth0', '1'), undefined],
  [{ paths: ['/opt'] }, line('cat < /etc/shadow'), 'paths'],
  [{ paths: ['/opt'] }, own('/bin/sh', '-c', 'cat "/etc/shadow"'), 'paths'],
  [{ paths: ['/bin', '/opt'], exec: true }, own('/bin/sh', '-c', 'cat $HOME/../x'), 'paths'],

  // options that make a built-in tool run a program
  [{ exec: false }, toolOf('pidstat', { options: ['-t', '-e', 'rm', '-rf', '/'] }), 'exec'],
  [{ exec: false }, toolOf('pidstat', { options: ['-e'] }), 'exec'],
  [{ exec: ['sleep'] }, toolOf('pidstat', { options: ['-e', 'sleep', '9'] })],
  [{ exec: false }, toolOf('pidstat', { options: ['-t'] })],
  [{ paths: ['/data'] }, toolOf('sar', { file: '/etc/x' }), 'paths'],
  [{ paths: ['/data'] }, toolOf('sar', { file: '/data/x', count: 3, deep: true })],
  [{ paths: false }, toolOf('external-data', { url: 'https://metrics.example/d/1' })],
  [{ paths: false }, toolOf('external-data', { options: ['--note=/x'] })],
  [{ paths: false }, toolOf('external-data', { options: ['--nota=/x'] }), 'paths'],

  [{ paths: false }, own('tcpdump')],
  [{ paths: false }, own('/usr/bin/tcpdump'), 'paths'],
  [{ paths: ['/opt'] }, own('/opt/v2/bench')],
  [{ paths: ['/opt'] }, own('/opt/now/bench')],
  [{ paths: ['/opt/v2'] }, own('/opt/now/bench')],
  [{ paths: ['/opt/now'] }, own('/opt/v2/bench')],
  [{ paths: ['/opt'] }, own('/opt/v2/shell'), 'paths'],
  [{ paths: ['/opt'] }, own('/opt/../usr/bin/tcpdump'), 'paths'],
  [{ paths: ['/opt'] }, line('/opt/v2/bench --fast')],
  [{ paths: ['/opt'] }, line('/tmp/evil --fast'), 'paths'],
  [{ paths: ['/opt'] }, line('/opt/v2/bench | tee x'), 'paths'],
  [{ paths: ['/usr/bin'] }, line('/opt/v2/bench | tee x'), 'paths'],
  [{ paths: ['/usr/bin', '/opt'] }, line('/opt/v2/bench | tee x')],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['-o', '/etc/cron.d/x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['-o', '/opt/x'] })],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['-o/etc/x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['--file=/etc/x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['--file=../x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['--file=/opt/x'] })],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['-o/etc/x=/opt/x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['../../x'] }), 'paths'],
  [{ paths: ['/opt'] }, toolOf('sar', { options: ['-A', 'all', '1'] })]
]
for (const [given, tool, refused] of table) {
  const what = tool.options.command?.join(' ').slice(0, 60) ?? [tool.tool, ...(tool.options.options ?? [])].join(' ')
  rules(`${JSON.stringify(given)} ${refused == null ? 'allows' : 'refuses'} "${what}"`, async () => {
    const refusal = await judge(given, [tool])
    assert.is(refusal?.rule, refused, refusal?.why)
  })
}

rules('a program that is named with other words is told from one that is not named', async () => {
  const given = { exec: ['tcpdump -i * -w *'] }
  const why = async (tool: Assignment) => (await judge(given, [tool]))?.why
  assert.is(await why(own('tcpdump', '-i')), 'does not name tcpdump with these words, the command of tool mine')
  assert.is(await why(own('rm')), 'does not name rm, the command of tool mine')
})

rules('every tool of a run is checked, not only the first', async () => {
  const given = { exec: ['tcpdump'] }
  assert.is((await judge(given, [own('tcpdump'), toolOf('proc'), line('tcpdump'), own('rm')]))?.rule, 'exec')
  assert.is(await judge(given, [own('tcpdump'), toolOf('proc'), line('tcpdump')]), undefined)
})

const word = fc.string({ unit: fc.constantFrom(...'ab/.*-= ;$\n') })
const assignment = fc.record({
  group: fc.constant('default'),
  tool: fc.constantFrom('proc', 'sar', 'pidstat', 'mine'),
  options: fc.record({ command: fc.array(word, { minLength: 1 }), options: fc.array(word) }, { requiredKeys: [] })
})
const someRule = fc.oneof(fc.boolean(), fc.array(fc.constantFrom('/a', '/a/*', 'a*', 'sar', 'sh')))
const anyRules: fc.Arbitrary<Rules> = fc.record({
  controllers: fc.constant(true as const),
  exec: someRule,
  tools: someRule,
  paths: someRule
})

rules('without limits everything is allowed, and with nothing allowed no program is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(assignment, { maxLength: 3 }), anyRules, async (tools, given) => {
      assert.is(await judge({}, tools), undefined)
      const refusal = await judge(given, tools)
      if (refusal != null) assert.is.not(given[refusal.rule], true)
      const brings = tools.some(({ options }) => options.command != null)
      if (brings) assert.ok(await judge({ ...given, exec: false }, tools))
      if (tools.length > 0) assert.is((await judge({ ...given, tools: false }, tools))?.rule, 'tools')
    }),
    { numRuns: 1_000 }
  )
})

rules('a wider rule refuses nothing that a narrower one allows', async () => {
  await fc.assert(
    fc.asyncProperty(assignment, anyRules, fc.constantFrom('exec', 'tools', 'paths'), async (tool, given, key) => {
      const rule = given[key as 'exec']
      const wider = rule === false ? ['/a'] : Array.isArray(rule) ? [...rule, '/b/*', 'b*'] : rule
      if ((await judge(given, [tool])) == null) assert.is(await judge({ ...given, [key]: wider }, [tool]), undefined)
    }),
    { numRuns: 1_000 }
  )
})

const brings = suite('allow.workloads')
const from: Array<[rule: Rules['workloads'], notApart: string | undefined, refused: RegExp | undefined]> = [
  ['guarded', undefined, undefined],
  [undefined, undefined, undefined],
  [true, undefined, undefined],
  [false, undefined, /lets no program of others run, as tool mine would/],
  [
    undefined,
    'bubblewrap (bwrap) is not on the PATH',
    /only apart from this peer: bubblewrap \(bwrap\) is not on the PATH/
  ]
]
for (const [workloads, notApart, why] of from) {
  brings(
    `${workloads} where ${notApart ?? 'they can be kept apart'} ${why == null ? 'lets in' : 'refuses'} a program of another`,
    async () => {
      const given = { ...open, workloads }
      const caller = { peer: ops, named: () => [] }
      const refusal = await refusalOf(given, { caller, tools: [own('sleep', '1')] }, { ...machine, notApart })
      const option = toolOf('pidstat', { options: ['-e', 'sleep', '1'] })
      const byOption = await refusalOf(given, { caller, tools: [option] }, { ...machine, notApart })
      assert.is(byOption?.rule, refusal?.rule, 'a program that an option of a tool runs is brought, too')
      if (why == null) assert.is(refusal, undefined)
      else assert.match(refusal?.why ?? '', why)
      assert.is(refusal?.rule, why && 'workloads')
      // tools of bak and what the owner typed are not others' programs
      assert.is(await refusalOf(given, { caller, tools: [toolOf('sar')] }, { ...machine, notApart }), undefined)
      assert.is(await refusalOf(given, { tools: [own('sleep', '1')] }, { ...machine, notApart }), undefined)
    }
  )
}
brings.run()

const privileged = suite('allow.privileged')
const named: Array<[patterns: string[], argv: string[], is: boolean]> = [
  [[], ['tcpdump'], false],
  [['tcpdump'], ['tcpdump', '-i', 'eth0'], true],
  [['tcpdump'], ['/bin/sh', '-c', 'tcpdump -i eth0'], true],
  [['tcpdump'], ['/bin/sh', '-c', 'tcpdump; id'], false],
  [['tcpdump'], ['/tmp/tcpdump'], false],
  [['tcpdump'], ['tcpdump', '-z', 'id'], false],
  [['perf'], ['perf', 'record', 'id'], false],
  [['perf record -a'], ['perf', 'record', '-a'], true],
  [['perf record -a'], ['perf', 'record', '-a', 'id'], false],
  [['nice'], ['nice', 'id'], false],
  [['nice', 'tcpdump'], ['nice', 'tcpdump'], true]
]
for (const [patterns, argv, is] of named) {
  privileged(`${JSON.stringify(patterns)} ${is ? 'names' : 'does not name'} ${argv.join(' ')}`, async () => {
    assert.is(await isPrivileged(patterns, argv, machine), is)
  })
}
privileged.run()

rules('a refusal names the rule and the file that sets it', () => {
  assert.is(
    explain({ rule: 'exec', why: 'does not name rm' }, '/h/config.toml'),
    'allow.exec does not name rm; it is set in /h/config.toml or by --allow-exec'
  )
})

rules('a forbidden tool is not offered as usable', () => {
  const tools = [
    { tool: 'proc', usable: true },
    { tool: 'sar', usable: true, version: '12' }
  ]
  assert.equal(limitTools(open, tools, '/h/config.toml'), tools)
  const [proc, sar] = limitTools({ ...open, tools: ['proc'] }, tools, '/h/config.toml')
  assert.equal(proc, { tool: 'proc', usable: true })
  assert.is(sar?.usable, false)
  assert.match(sar?.reason as string, 'allow.tools does not name sar')
})

rules.run()

const brought = suite('workloads that a run brings')
const work = (more: Partial<Brought> = {}): Brought => ({ name: 'w', commands: [['sleep', '9']], env: {}, ...more })
const judged: Array<[rules: Partial<Rules>, given: Brought, refused: RegExp | undefined]> = [
  [{}, work({ env: { LD_PRELOAD: '/x' }, directory: '/srv' }), undefined],
  [{ exec: ['sleep'] }, work(), undefined],
  [
    { exec: ['sleep'] },
    work({ commands: [['sleep', '9'], ['evil']] }),
    /exec does not name evil, the command of workload w/
  ],
  [{ exec: ['sleep'] }, work({ ready: ['evil'] }), /exec does not name evil, the ready command of workload w/],
  [{ exec: ['sleep'] }, work({ env: { A: '1' } }), /exec names programs, and workload w sets A/],
  [{ exec: false }, work(), /exec does not name sleep/],
  [{ paths: ['/srv'] }, work({ directory: '/srv/x' }), undefined],
  [{ paths: ['/srv'] }, work({ directory: '/etc' }), /paths has no folder with \/etc, the directory of workload w/],
  [
    { paths: ['/srv'] },
    work({ env: { CONF: 'a=/etc/x' } }),
    /paths has no folder with \/etc\/x, a variable of workload w/
  ],
  [{ paths: ['/srv'] }, work({ commands: [['sleep', '/etc/x']] }), /paths has no folder with \/etc\/x/],
  [{ workloads: false }, work(), /workloads lets no program of others run, as workload w would/],
  [
    { exec: ['sleep'] },
    work({ commands: Array(5_000).fill(['sleep']) }),
    /exec lets a run bring 4096 different command lines/
  ]
]
for (const [rules, given, refused] of judged) {
  const what = JSON.stringify({ ...given, commands: given.commands.slice(0, 3) })
  brought(`${JSON.stringify(rules)} ${refused == null ? 'lets in' : 'refuses'} ${what}`, async () => {
    const caller = { peer: ops, named: () => [] }
    const found = await refusalOf({ ...open, ...rules }, { caller, tools: [], workloads: [given] }, machine)
    if (refused == null) assert.is(found, undefined)
    else assert.match(`${found?.rule} ${found?.why}`, refused)
  })
}
brought('are refused where they cannot be kept apart, and not those of an own run', async () => {
  const apart = { ...machine, notApart: 'no bwrap' }
  const asked = { tools: [], workloads: [work()] }
  const found = await refusalOf(open, { ...asked, caller: { peer: ops, named: () => [] } }, apart)
  assert.match(found?.why ?? '', /only apart from this peer: no bwrap/)
  assert.is(await refusalOf(open, asked, apart), undefined)
})
brought.run()
