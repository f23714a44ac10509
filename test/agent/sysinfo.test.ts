import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, hostname, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { redact } from '../../node/agent/sysinfo/collector.ts'
import { snapshot } from '../../node/agent/sysinfo/index.ts'

const sysinfo = suite<{ folder: string }>('sysinfo')

sysinfo.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-sysinfo-'))
})

sysinfo.after.each(({ folder }) => rmSync(folder, { recursive: true }))

sysinfo('a snapshot has a file for each subject', async ({ folder }) => {
  const missing = (await snapshot(folder, { signal: new AbortController().signal })).map(({ what }) => what)
  const subjects = ['cpu', 'disks', 'kernel', 'memory', 'mitigations', 'network', 'os'].map(name => `${name}.json`)
  const expected = [...subjects, 'packages.txt', 'sysctl.txt'].filter(file => !missing.includes(file))
  assert.equal(readdirSync(folder).sort(), expected)
})

sysinfo('its values are those of the machine', async ({ folder }) => {
  await snapshot(folder, { signal: new AbortController().signal })
  const json = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
  assert.is(json('os').hostname, hostname())
  assert.ok(json('cpu').processors >= cpus().length)
  assert.is(Number.parseInt(json('memory').meminfo.MemTotal, 10), totalmem() / 1024)
  assert.ok(json('network').interfaces.some((each: { name: string }) => each.name === 'lo'))
  assert.ok(json('disks').mounts.some((each: { folder: string }) => each.folder === '/'))
  assert.match(readFileSync(join(folder, 'packages.txt'), 'utf8'), `node ${process.version}`)
})

sysinfo('it contains neither environment variables nor keys of the kernel', async ({ folder }) => {
  process.env.BAK_TEST_SECRET = 'correct-horse-battery'
  await snapshot(folder, { signal: new AbortController().signal })
  delete process.env.BAK_TEST_SECRET
  const all = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  assert.not.match(all.join('\n'), 'correct-horse-battery')
  assert.not.match(all.join('\n'), /fastopen_key|stable_secret|rss_key/)
})

sysinfo('a cancelled snapshot reports what is missing, and does not fail', async ({ folder }) => {
  const missing = await snapshot(folder, { signal: AbortSignal.abort() })
  assert.ok(missing.some(({ kind, reason }) => kind === 'sysinfo' && reason === 'not read in time'))
  assert.ok(missing.some(({ what }) => what === 'packages.txt'))
})

sysinfo('without its folder each file is missing', async ({ folder }) => {
  const missing = await snapshot(join(folder, 'gone'), { signal: new AbortController().signal })
  assert.ok(missing.some(({ what }) => what === 'os.json'))
})

sysinfo('passwords in addresses and options are hidden', () => {
  assert.is(redact('https://me:pa55@host/share'), 'https://me:***@host/share')
  assert.is(
    redact('rw,password=x1,ro quiet token=abc root=/dev/sda'),
    'rw,password=***,ro quiet token=*** root=/dev/sda'
  )
})

sysinfo.run()
