/** Runs whose output says when tools start and stop, with real daemons. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunRecord } from '../../protocols/record.ts'
import { goneWithin, processesWith, record, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'

const triggers = suite('tools that start and stop as the output says')
const net = useTestnet(triggers, { peers: ['a', 'b'] })

const folderOf = (run: string, peer = 'a') => join(net().peer(peer).home, 'runs', run)
/** `sample/group/member/tool` of each folder of a tool. */
const foldersIn = (run: string) => {
  const iteration = join(folderOf(run), '1-default')
  return readdirSync(iteration)
    .flatMap(sample =>
      readdirSync(join(iteration, sample))
        .filter(each => each.startsWith('tools-'))
        .flatMap(group =>
          readdirSync(join(iteration, sample, group)).flatMap(member =>
            readdirSync(join(iteration, sample, group, member)).map(
              tool => `${sample.slice(6)}/${group.slice(6)}/${member}/${tool}`
            )
          )
        )
    )
    .sort()
}
const windowsOf = ({ triggered = [] }: RunRecord) =>
  triggered.map(({ group, sample, stop }) => `${group} ${sample}${stop == null ? ' open' : ''}`)
const namedIn = ({ shortfalls }: RunRecord) => shortfalls.map(({ what, reason }) => `${what}: ${reason}`)

/** @returns the path of a run file */
function runFile(name: string, lines: string): string {
  const path = join(net().folder, `${name}.toml`)
  writeFileSync(path, `sysinfo = "none"\n${lines}\n`)
  return path
}
const GO = 'trigger = { start = "^go", stop = "^end" }'
/** A shell that says these words one after the other, a second apart. */
const say = (...words: string[]) => ['sh', '-c', words.map(word => `echo ${word}; sleep 1.2`).join('; ')]

async function ended(words: string[], status = 0) {
  const run = await startRun(net(), 'a', words)
  const { status: found, stderr } = await run.finished
  assert.is(found, status, stderr)
  return { ...run, record: record(net(), 'a', run.run) }
}
const verify = async (run: string) => {
  const { status, stdout, stderr } = await net().bak('a', ['verify', run])
  assert.is(status, 0, stdout + stderr)
}

triggers('each window of the output is a sample of its own, on every member', async () => {
  const file = runFile('windows', `tools = ["proc"]\n[tool.proc]\ninterval = 0.2\n`)
  writeFileSync(file, `${GO}\n${readFileSync(file, 'utf8')}`)
  const run = await ended([file, '--', ...say('ramp', 'go 1', 'end 1', 'pause', 'go 2', 'end 2', 'bye')])
  assert.equal(windowsOf(run.record), ['default 1', 'default 2'])
  assert.equal(namedIn(run.record), [])
  assert.is(run.record.partial, false)
  assert.equal(
    foldersIn(run.run),
    [1, 2].flatMap(sample => ['a', 'b'].map(name => `${sample}/default/${name}/proc`))
  )
  // a second of samples each, and not those of the whole command
  for (const sample of [1, 2])
    for (const name of ['a', 'b']) {
      const csv = readFileSync(
        join(folderOf(run.run), `1-default/sample${sample}/tools-default/${name}/proc/cpu.csv`),
        'utf8'
      )
      const times = [...csv.matchAll(/^(\d{13})/gm)].map(([time]) => Number(time))
      const length = Math.max(...times) - Math.min(...times)
      assert.ok(length >= 600 && length <= 2_200, `${name} ${sample}: ${length} ms`)
      const { start, stop = 0 } = run.record.triggered?.[sample - 1] ?? { start: 0 }
      assert.ok(Math.min(...times) >= start - 50 && Math.max(...times) <= stop + 1_000, `${name} ${sample}`)
    }
  const output = readFileSync(join(folderOf(run.run), '1-default/sample1/workload/a/stdout.txt'), 'utf8')
  assert.is(output, 'ramp\ngo 1\nend 1\npause\ngo 2\nend 2\nbye\n')
  await verify(run.run)
  const shown = await net().bak('b', ['show', run.run, '--all'])
  assert.match(shown.stdout, /TRIGGERED +SAMPLE +STARTED +FOR\ndefault +1 +\S+ \S+ +1\.\d s\ndefault +2 /)
  assert.match(readFileSync(join(folderOf(run.run), 'metadata.log'), 'utf8'), /\ntrigger = \^go:\^end\n/)
})

triggers('groups without a trigger run with the command, those with one in windows of their own', async () => {
  const mark = uniqueSleep()
  const file = runFile(
    'groups',
    `tools = ["whole"]
[tool.whole]
command = ["/bin/sh", "-c", "echo whole; exec sleep 60"]
[tool.part]
command = ["/bin/sh", "-c", "echo part; exec sleep ${mark}"]
[[groups]]
name = "db"
on = "b"
tools = ["part"]
trigger = { start = "go", stop = "end" }
[[groups]]
name = "web"
tools = ["proc"]
trigger = { start = "^open", stop = "^close" }`
  )
  const run = await startRun(net(), 'a', [file, '--', ...say('go', 'open', 'end', 'close', 'go', 'end')])
  await run.until(event => event.type === 'phase-closed' && event.phase === 'start' && event.groups?.[0] === 'db')
  assert.is(processesWith(`sleep ${mark}`).length, 1)
  await run.until(event => event.type === 'phase-closed' && event.phase === 'stop' && event.groups?.[0] === 'db')
  assert.is(processesWith(`sleep ${mark}`).length, 0)
  assert.is((await run.finished).status, 0)
  const found = record(net(), 'a', run.run)
  assert.equal([windowsOf(found).sort(), namedIn(found)], [['db 1', 'db 2', 'web 1'], []])
  assert.equal(foldersIn(run.run), [
    '1/db/b/part',
    '1/default/a/whole',
    '1/default/b/whole',
    '1/web/a/proc',
    '1/web/b/proc',
    '2/db/b/part'
  ])
  await verify(run.run)
})

triggers(
  'a trigger that is registered for a group is used by whoever runs the group, and is in the dry run',
  async () => {
    const mark = uniqueSleep()
    for (const words of [
      ['register', '--group', 'net', '--tool', `dump=echo dump; exec sleep ${mark}`],
      ['trigger', '--group', 'net', '--start', 'ready', '--stop', 'done']
    ])
      assert.is((await net().bak('b', ['tools', ...words])).status, 0)
    await net().until('a', all => all.every(each => each.triggers?.length === 1 && each.registered.length === 1))
    const dry = await net().bak('a', ['run', '--group', 'net', '--dry-run', '--', 'true'])
    assert.match(dry.stdout, /tools of net: .* from \/ready\/ to \/done\//)
    const run = await ended(['--group', 'net', '--sysinfo', 'none', '--', ...say('ready', 'done')])
    assert.equal(windowsOf(run.record), ['net 1'])
    assert.equal(foldersIn(run.run), ['1/net/a/dump', '1/net/b/dump'])
    assert.equal({ ...run.record.spec.triggers.net }, { start: 'ready', stop: 'done' })
    const again = await net().bak('a', ['run', '--group', 'net', '--samples', '2', '--', 'true'])
    assert.is(again.status, 64)
    assert.match(again.stderr, /samples: goes with no trigger: .*\n.*a trigger is registered for net/)
    const other = ['tools', 'trigger', '--group', 'net', '--start', 'x', '--stop', 'y', '--on', 'b']
    assert.is((await net().bak('a', other)).status, 0)
    await net().until('a', all => all.some(each => each.triggers?.[0]?.start === 'x'))
    const differing = await net().bak('a', ['run', '--group', 'net', '--', 'true'])
    assert.equal([differing.status, /group net has different triggers: a has/.test(differing.stderr)], [64, true])
    assert.is((await net().bak('a', ['tools', 'clear', '--group', 'net'])).status, 0)
    await net().until('a', all => all.every(each => each.triggers?.length === 0))
    await goneWithin(mark, 5_000)
  }
)

triggers('what the output does not say as it was asked for is named, and with --strict it is 2', async () => {
  const file = runFile('never', `${GO}\ntools = ["proc"]`)
  const never = await ended([file, '--strict', '--', 'echo', 'hello'], 2)
  assert.equal(namedIn(never.record), ['trigger of default: no line of the output fits from /^go/ to /^end/'])
  assert.equal(windowsOf(never.record), [])
  assert.equal(foldersIn(never.run), [])
  assert.match(readFileSync(join(folderOf(never.run), '1-default/sample1/workload/a/stdout.txt'), 'utf8'), /hello/)
  await verify(never.run)
  const open = await ended([file, '--', ...say('go', 'more')])
  assert.equal(
    [windowsOf(open.record), namedIn(open.record)],
    [['default 1 open'], ['trigger of default: no line of the output fits its stop, /^end/']]
  )
  assert.equal(foldersIn(open.run), ['1/default/a/proc', '1/default/b/proc'])
  await verify(open.run)
  const stray = await ended([file, '--strict', '--', ...say('end', 'go', 'end')], 2)
  assert.equal(
    [windowsOf(stray.record), namedIn(stray.record)],
    [['default 1'], ['trigger of default: the output said stop once while its tools did not run']]
  )
  const short = await ended([file, '--', 'sh', '-c', 'echo go; echo end; echo go; sleep 0.5'])
  assert.equal(windowsOf(short.record), ['default 1 open'])
  assert.match(namedIn(short.record).join(), /start and stop too shortly one after the other, once/)
  await verify(short.run)
})

triggers('a command that writes much and fast is not held up, and its lines are found', async () => {
  const script = `i=0; while [ $i -lt 40 ]; do head -c 1000000 /dev/zero | tr '\\0' x | fold -w 99; i=$((i+1)); done; echo; echo go; sleep 4; echo end; head -c 30000000 /dev/zero`
  const file = runFile('fast', `${GO}\ntools = ["proc"]`)
  const run = await ended([file, '--', 'sh', '-c', script])
  assert.equal([windowsOf(run.record), namedIn(run.record)], [['default 1'], []])
})

triggers('an expression that takes too long is given up by name, and the run goes on', async () => {
  const file = runFile('slow', 'trigger = { start = "^(a+)+$", stop = "end" }\ntools = ["proc"]')
  const run = await ended([file, '--', 'sh', '-c', `echo ${'a'.repeat(60)}b; echo hello`])
  assert.match(namedIn(run.record).join(), /trigger of default: the expression \^\(a\+\)\+\$ takes longer than 200 ms/)
})

triggers('a run that is cancelled in a window stops command and tools, and keeps what there is', async () => {
  const [mark, work] = [uniqueSleep(), uniqueSleep()]
  const file = runFile(
    'cancel',
    `${GO}\ntools = ["x"]\n[tool.x]\ncommand = ["/bin/sh", "-c", "echo x; exec sleep ${mark}"]`
  )
  const run = await startRun(net(), 'a', [file, '--', 'sh', '-c', `echo go; sleep ${work}`])
  await run.until(event => event.type === 'phase-closed' && event.phase === 'start' && event.groups != null)
  assert.is((await net().bak('b', ['cancel', run.run])).status, 0)
  assert.is((await run.finished).status, 4)
  await goneWithin(mark, 5_000)
  await goneWithin(work, 5_000)
  const found = record(net(), 'a', run.run)
  assert.equal([windowsOf(found), found.workload.length], [['default 1 open'], 1])
  assert.equal(foldersIn(run.run), ['1/default/a/x', '1/default/b/x'])
  await verify(run.run)
  // all of it is taken anew
  const again = await net().bak('a', ['resume', run.run, '--no-progress', '--detach'])
  assert.is(again.status, 0, again.stderr)
  const id = again.stdout.trim()
  assert.is((await net().bak('a', ['cancel', id])).status, 0)
  assert.equal(record(net(), 'a', run.run).resumes, undefined)
})

triggers('a command that cannot be run fails as it does without a trigger', async () => {
  const file = runFile('bad', `${GO}\ntools = ["proc"]`)
  const run = await ended([file, '--', 'sh', '-c', 'echo go; exit 3'], 1)
  assert.match(run.record.reason ?? '', /exit 3 in 1-default\/sample1/)
  await verify(run.run)
  assert.ok(existsSync(folderOf(run.run)))
})

for (const [when, lines] of [
  ['when the command is about to begin', ''],
  ['in a window of its output', GO]
] as const) {
  triggers(`without the member that runs the command there is no run: its tool fails ${when}`, async () => {
    const work = uniqueSleep()
    const file = runFile(
      'out',
      `${lines}
tools = ["x"]
[policy]
quorum = 1
[tool.x]
command = ["/bin/sh"]
options = ["-c", "echo x; exec sleep 60"]
[[tool.x.override]]
on = "a"
options = ["-c", "exit 3"]`
    )
    const run = await ended([file, '--', 'sh', '-c', `echo go; sleep ${work}`], 3)
    assert.match(run.record.reason ?? '', /^a: x: ended with exit 3 .*; it runs the command$/)
    await goneWithin(work, 5_000)
    await verify(run.run)
  })
}

const wrong: Array<[lines: string, words: string[], why: RegExp]> = [
  [GO, ['--samples', '2', '--', 'true'], /samples: goes with no trigger: each window of the output is a sample/],
  [GO, ['--iteration', 'x 1', '--iteration', 'y 2', '--', 'true'], /iterations: goes with no trigger/],
  [GO, ['--warmup', '1', '--', 'true'], /warmup: goes with no trigger/],
  [GO, ['--max-sample-failures', '1', '--', 'true'], /max_sample_failures: goes with no trigger/],
  [GO, ['--workload', '--', 'true'], /workload: a trigger reads the output of the command on this machine/],
  ['trigger = { start = "(", stop = "x" }', ['--', 'true'], /trigger.start: is not a regular expression/],
  ['trigger = { start = "x" }', ['--', 'true'], /trigger.stop: is missing/]
]
for (const [i, [lines, words, why]] of wrong.entries()) {
  triggers(`what goes with no trigger is refused: ${lines} ${words.join(' ')}`, async () => {
    const { status, stderr } = await net().bak('a', ['run', runFile(`wrong${i}`, lines), ...words])
    assert.ok(status === 64 || status === 65, `${status} ${stderr}`)
    assert.match(stderr, why)
  })
}

triggers.run()
