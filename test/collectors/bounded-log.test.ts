/** Logs of programs that repeat themselves. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BoundedLog } from '../../node/collectors/bounded-log.ts'

const test = suite('a bounded log')
const folder = mkdtempSync(join(tmpdir(), 'bak-log-'))
test.after(() => rmSync(folder, { recursive: true }))

test('stays as it is while it is short', async () => {
  const path = join(folder, 'short')
  writeFileSync(path, 'all is well\n')
  const log = new BoundedLog(path, { max: 1000, every: 10 })
  await sleep(40)
  assert.is(await log.close(), 0)
  assert.is(readFileSync(path, 'utf8'), 'all is well\n')
})

test('never grows far beyond its bound, keeps its last words and says how much is not there', async () => {
  const path = join(folder, 'long')
  const log = new BoundedLog(path, { max: 10_000, every: 5 })
  let most = 0
  for (let i = 0; i < 40; i++) {
    appendFileSync(path, `${`line ${i} `.padEnd(999, '.')}\n`.repeat(5))
    await sleep(10)
    most = Math.max(most, statSync(path).size)
  }
  const cut = await log.close()
  const text = readFileSync(path, 'utf8')
  assert.ok(most < 150_000, `${most} bytes`)
  assert.ok(cut > 100_000 && text.length < 20_000, `${cut} and ${text.length} bytes`)
  assert.match(text, new RegExp(`^\\.\\.\\. ${cut} bytes before this were left out\\n`))
  assert.match(text, /line 39 \.+\n$/)
})

test('of a program that has written nothing is none', async () => {
  assert.is(await new BoundedLog(join(folder, 'none'), { every: 5 }).close(), 0)
})

test.run()
