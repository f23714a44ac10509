/** A controller that is killed while it collects what its run left on members. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { finished, record, startRun, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('a collection whose daemon is killed')
const net = useTestnet(test, { peers: ['a', 'b', 'c'] })
const BYTES = 40_000_000

test('the next start puts the result in order, the next collection fetches the rest, and nothing is lost', async () => {
  const tool = ['--tool', `t=head -c ${BYTES} /dev/urandom; exec sleep 600`]
  const run = await startRun(net(), 'c', ['--sysinfo', 'none', '--quorum', '1', ...tool, '--', 'sleep', '3'])
  await run.until(event => event.type === 'workload-started')
  await until(() => ['a', 'b'].every(peer => hasOutput(peer, run.run)), { what: 'the tools write' })
  for (const peer of ['a', 'b']) await net().stopPeer(peer, 'SIGKILL')
  assert.is((await run.finished).status, 0)
  for (const peer of ['a', 'b']) await net().startPeer(peer)
  await net().until('c', members => members.filter(each => each.state === 'alive').length === 3)
  await until(async () => ['a', 'b'].every(peer => existsSync(join(net().peer(peer).home, 'work', run.run))))

  const folder = join(net().peer('c').home, 'runs', run.run)
  const before = readFileSync(join(folder, 'run.json'))
  const collecting = net().spawnBak('c', ['collect', run.run])
  const arrived = new Promise<void>(resolve => {
    let text = ''
    collecting.stdout?.on('data', data => {
      text += data
      if (/arrived/.test(text)) resolve()
    })
  })
  const ended = finished(collecting)
  await Promise.race([arrived, ended])
  await net().stopPeer('c', 'SIGKILL')
  assert.is.not((await ended).status, 0)
  assert.equal(readFileSync(join(folder, 'run.json')), before, 'it was killed before the result was sealed again')

  await net().startPeer('c')
  const verified = await net().bak('c', ['verify', run.run])
  assert.is(verified.status, 0, verified.stdout)
  assert.is(record(net(), 'c', run.run).sent.filter(({ name }) => name !== 'c').length, 1)
  await net().until('c', members => members.filter(each => each.state === 'alive').length === 3)
  const again = await net().bak('c', ['collect', run.run])
  assert.is(again.status, 0, again.stdout + again.stderr)
  assert.is((await net().bak('c', ['verify', run.run])).status, 0)
  for (const peer of ['a', 'b']) {
    const files = readdirSync(join(folder, '1-default/sample1/tools-default', peer, 't'))
    assert.ok(files.length > 0, `what ${peer} measured is here`)
    assert.equal(readdirSync(join(net().peer(peer).home, 'work')), [], `and ${peer} keeps none of it`)
  }
  assert.not.ok(existsSync(`${folder}.collecting`))
})

/** Whether the tool has written all that it writes. */
function hasOutput(peer: string, run: string): boolean {
  const path = join(net().peer(peer).home, 'work', run, 'data')
  const names = existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : []
  return names.some(name => /stdout/.test(name))
}

test.run()
