/** A run that was cut short goes on as another. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunEvent } from '../../protocols/events.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'

const resumed = suite('bak resume')
const net = useTestnet(resumed, { peers: ['a', 'b', 'c'] })

const foldersOf = (run: string) => {
  const folder = join(net().peer('c').home, 'runs', run)
  const iterations = readdirSync(folder).filter(each => /^\d+-/.test(each))
  return iterations.flatMap(each => readdirSync(join(folder, each)).map(sample => `${each}/${sample}`)).sort()
}

/** A workload that waits in its fourth sample until a file is there. */
function slowFile(name: string): { file: string; gate: string } {
  const { folder } = net()
  const gate = join(folder, `${name}.gate`)
  const script = `n=$(ls "${folder}/${name}.done."* 2>/dev/null | wc -l)\n[ $n = 3 ] && while [ ! -e "${gate}" ]; do sleep 0.1; done\ntouch "${folder}/${name}.done.$$"\necho "$BAK_PARAM_X/$BAK_SAMPLE"\n`
  writeFileSync(join(folder, `${name}.sh`), script)
  const file = join(folder, `${name}.toml`)
  writeFileSync(
    file,
    `command = ["sh", "${join(folder, name)}.sh"]\nname = "${name}"\ntools = ["proc"]\nsysinfo = "none"\nsamples = 2\n[params]\nx = [1, 2, 3]\n[policy]\nlease = 2\n`
  )
  return { file, gate }
}

async function resume(run: string) {
  const { status, stdout, stderr } = await net().bak('c', ['resume', run, '--json'])
  const events = stdout
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as RunEvent & { complete?: string })
  return { status, stderr, events, run: (events[0] as unknown as { run: string }).run }
}

const ALL = ['1-x=1/sample1', '1-x=1/sample2', '2-x=2/sample1', '2-x=2/sample2', '3-x=3/sample1', '3-x=3/sample2']

resumed(
  'after a cancel the samples that are missing are taken, each result verifies, and each names the other',
  async () => {
    const { file, gate } = slowFile('cancelled')
    const first = await startRun(net(), 'c', [file])
    await first.until(event => event.type === 'workload-started' && event.step.number === 2 && event.step.sample === 2)
    assert.is((await net().bak('a', ['cancel', first.run])).status, 0)
    assert.is((await first.finished).status, 4)
    writeFileSync(gate, '')
    const second = await resume(first.run)
    assert.is(second.status, 0, second.stderr)
    assert.equal(foldersOf(second.run), ALL.slice(3))
    assert.ok(foldersOf(first.run).includes('2-x=2/sample1'))
    assert.equal(
      record(net(), 'c', second.run).resumes?.taken.map(({ step }) => [step.number, step.sample]),
      [
        [1, 1],
        [1, 2],
        [2, 1]
      ]
    )
    assert.is(
      readFileSync(join(net().peer('c').home, 'runs', second.run, '3-x=3/sample2/workload/c/stdout.txt'), 'utf8'),
      '3/2\n'
    )
    for (const run of [first.run, second.run]) {
      const verified = await net().bak('b', ['verify', join(net().peer('c').home, 'runs', run)])
      assert.is(verified.status, 0, verified.stdout + verified.stderr)
    }
    assert.match((await net().bak('c', ['show', first.run])).stdout, new RegExp(`resumed by: +${second.run}`))
    assert.match(
      (await net().bak('c', ['show', second.run])).stdout,
      new RegExp(`resumes: +${first.run}, which has 3 samples`)
    )
    const { runs } = JSON.parse((await net().bak('c', ['ls', '--json'])).stdout)
    const linesOf = (run: string) => runs.find((each: { run: string }) => each.run === run)
    assert.equal([linesOf(first.run).resumedBy, linesOf(second.run).resumes], [[second.run], first.run])
    const again = await net().bak('c', ['resume', first.run])
    assert.is(again.status, 64)
    assert.match(again.stderr, new RegExp(`was resumed by ${second.run}: bak resume ${second.run}`))
    const whole = await net().bak('c', ['resume', second.run])
    assert.is(whole.status, 0, whole.stderr)
    assert.match(whole.stdout, /nothing is missing in \S+: all its samples were taken/)
  }
)

resumed(
  'after kill -9 of the controller the sample that it was in is taken anew, and a run may be resumed twice',
  async () => {
    const { file, gate } = slowFile('killed')
    const first = await startRun(net(), 'c', [file])
    await first.until(event => event.type === 'workload-started' && event.step.number === 2 && event.step.sample === 2)
    await net().stopPeer('c', 'SIGKILL')
    await first.finished
    await net().startPeer('c')
    await net().until('c', members => members.filter(m => m.state === 'alive').length === 3)
    const second = net().spawnBak('c', ['resume', first.run, '--detach'])
    const { status, stdout, stderr } = await new Promise<{ status: number | null; stdout: string; stderr: string }>(
      done => {
        const texts = { stdout: '', stderr: '' }
        second.stdout?.on('data', data => (texts.stdout += data))
        second.stderr?.on('data', data => (texts.stderr += data))
        second.once('close', code => done({ status: code, ...texts }))
      }
    )
    assert.is(status, 0, stderr)
    const run = stdout.trim()
    const busy = await net().bak('c', ['resume', run])
    assert.is(busy.status, 75, busy.stderr)
    assert.is((await net().bak('c', ['cancel', run])).status, 0)
    await net().bak('c', ['attach', run])
    writeFileSync(gate, '')
    const third = await resume(run)
    assert.is(third.status, 0, third.stderr)
    assert.equal([...foldersOf(third.run)], ALL.slice(3))
    const { resumes } = record(net(), 'c', third.run)
    assert.equal([resumes?.run, resumes?.taken.length, resumes?.before], [run, 3, 3])
    const verified = await net().bak('c', ['verify', third.run])
    assert.is(verified.status, 0, verified.stdout + verified.stderr)
  }
)

resumed('what cannot be resumed is refused in words', async () => {
  const done = await startRun(net(), 'c', ['--tools', 'none', '--', 'true'])
  assert.is((await done.finished).status, 0)
  const elsewhere = await net().bak('a', ['resume', done.run])
  assert.is(elsewhere.status, 66)
  assert.match(elsewhere.stderr, /the result of \S+ is on c: run bak resume there/)
  const unknown = await net().bak('a', ['resume', '20200101T000000-abcdef'])
  assert.is(unknown.status, 66)
  const whole = await net().bak('c', ['resume', done.run, '--json'])
  assert.is(whole.status, 0)
  assert.match(JSON.parse(whole.stdout).complete, /nothing is missing/)
  assert.not.ok(existsSync(join(net().peer('a').home, 'runs', done.run)))
})

resumed.run()
