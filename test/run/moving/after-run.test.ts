/** Moves of results that an earlier life of the daemon had begun. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import type { RunWatcher } from '../../../node/run/coordinator.ts'
import { AfterRun } from '../../../node/run/moving/after-run.ts'
import { openHome } from '../../../node/store/home.ts'
import { noteDue, whyDue } from '../../../node/store/moved.ts'
import { BakError } from '../../../protocols/errors.ts'
import { member } from '../../cli/fake.ts'
import { until } from '../../helpers/until.ts'
import { controller } from '../../protocols/samples.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('a daemon that starts again moves results that were on their way')
const INTERRUPTED = 'the daemon ended before it was there'
const RUNS = ['20261122T213015-aaaaaa', '20261122T213016-bbbbbb'] as const

/** A peer that starts with results that are due. @param due where each is to go, and why it has not gone */
async function started(due: Array<[to: string, reason: string]>) {
  const home = await openHome(join(scratch(), 'home'))
  for (const [i, [to, reason]] of due.entries()) {
    await mkdir(home.runs(RUNS[i] as string), { recursive: true })
    await noteDue(home, RUNS[i] as string, { to, reason })
  }
  const mesh: string[] = []
  const members = Object.assign(new EventTarget(), {
    list: () => mesh.map(name => member(name, { peer: `id-of-${name}` })),
    isHere: () => true
  })
  const moves: string[] = []
  const mover = {
    fails: undefined as BakError | undefined,
    async move(run: string, to: { kind: string; name?: string; path?: string }, { signal }: { signal: AbortSignal }) {
      moves.push(`${run} to ${to.name ?? to.path}`)
      if (this.fails != null) throw this.fails
      signal.throwIfAborted()
      return { folder: `/there/${run}` }
    }
  }
  const watchers = new Set<RunWatcher>()
  const authority = { roleOf: () => 'controller' }
  const components = { coordinator: { watchers }, mover, members, authority }
  const afterRun = new AfterRun(components as never, { home, log: createLog('error', () => {}), signer: controller })
  afterRun.start()
  for (const watcher of watchers) watcher.recovered()
  const joins = (name: string) => {
    mesh.push(name)
    members.dispatchEvent(new Event('change'))
  }
  return { home, moves, mover, afterRun, joins }
}
const seen = (moves: string[], count: number) =>
  until(() => moves.length === count, { timeout: 5_000, what: () => `${moves}` })

test('to a folder at once, and not where it had failed or needs the token of a caller', async () => {
  const { home, moves } = await started([
    ['/disk', INTERRUPTED],
    ['/other', 'no space left']
  ])
  await seen(moves, 1)
  assert.equal(moves, [`${RUNS[0]} to /disk`])
  assert.is((await whyDue(home, RUNS[1]))?.reason, 'no space left')
  const { moves: others } = await started([
    ['https://pbench.example.com', INTERRUPTED],
    ['/disk', INTERRUPTED]
  ])
  await seen(others, 1)
  assert.equal(others, [`${RUNS[1]} to /disk`])
})

test('to a peer when that is here', async () => {
  const { moves, afterRun, joins } = await started([['archivist', INTERRUPTED]])
  await until(async () => /when that peer is here/.test((await afterRun.whyHere(RUNS[0]))?.reason ?? ''), {
    timeout: 5_000,
    what: 'it waits'
  })
  joins('other')
  assert.equal(moves, [])
  joins('archivist')
  await seen(moves, 1)
  assert.equal(moves, [`${RUNS[0]} to archivist`])
})

test('and notes why where it fails; a daemon that stops meanwhile leaves it to the next start', async () => {
  const { home, mover, afterRun, joins } = await started([['archivist', INTERRUPTED]])
  mover.fails = new BakError('no-space', 'no space left there')
  joins('archivist')
  await until(async () => (await whyDue(home, RUNS[0]))?.reason === 'no space left there', {
    timeout: 5_000,
    what: 'it says why'
  })
  afterRun.stop()
  const { home: again, afterRun: stopping } = await started([['archivist', INTERRUPTED]])
  stopping.stop()
  await until(async () => (await stopping.whyHere(RUNS[0]))?.reason === INTERRUPTED, {
    timeout: 5_000,
    what: 'it is left'
  })
  assert.is((await whyDue(again, RUNS[0]))?.reason, INTERRUPTED)
})
test.run()
