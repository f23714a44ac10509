import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, hostname, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { redact, redactAll } from '../../../node/agent/sysinfo/collector.ts'
import { collectItems, snapshot } from '../../../node/agent/sysinfo/index.ts'
import { ITEM_NAMES, ITEMS, type ItemName, itemsOf } from '../../../protocols/sysinfo/items.ts'

const sysinfo = suite<{ folder: string }>('sysinfo')

const ofDefault = (signal = new AbortController().signal) => ({
  items: itemsOf('default', 'begin'),
  home: tmpdir(),
  signal
})

sysinfo.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-sysinfo-'))
})

sysinfo.after.each(({ folder }) => rmSync(folder, { recursive: true }))

sysinfo('a snapshot has a file for each subject', async ({ folder }) => {
  const missing = (await snapshot(folder, ofDefault())).map(({ what }) => what)
  const expected = itemsOf('default', 'begin')
    .map(name => ITEMS[name].file as string)
    .filter(file => !missing.includes(file))
  assert.equal(readdirSync(folder).sort(), expected.sort())
})

sysinfo('its values are those of the machine', async ({ folder }) => {
  await snapshot(folder, ofDefault())
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
  await snapshot(folder, ofDefault())
  delete process.env.BAK_TEST_SECRET
  const all = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  assert.not.match(all.join('\n'), 'correct-horse-battery')
  assert.not.match(all.join('\n'), /fastopen_key|stable_secret|rss_key/)
})

sysinfo('a cancelled snapshot reports what is missing, and does not fail', async ({ folder }) => {
  const missing = await snapshot(folder, ofDefault(AbortSignal.abort()))
  assert.ok(missing.some(({ kind, reason }) => kind === 'sysinfo' && reason === 'not read in time'))
  assert.ok(missing.some(({ what }) => what === 'packages.txt'))
})

sysinfo('without its folder each file is missing', async ({ folder }) => {
  const missing = await snapshot(join(folder, 'gone'), ofDefault())
  assert.ok(missing.some(({ what }) => what === 'os.json'))
})

sysinfo('passwords in addresses and options are hidden', () => {
  assert.is(redact('https://me:pa55@host/share'), 'https://me:***@host/share')
  assert.is(
    redact('rw,password=x1,ro quiet token=abc root=/dev/sda'),
    'rw,password=***,ro quiet token=*** root=/dev/sda'
  )
})

sysinfo('what bears the name of a secret is hidden, whatever it looks like', () => {
  const found = redactAll({ wifi: { psk: 'abc', key: 'x1', keys: 'y', password: '' }, list: ['token=abc'], size: 3 })
  assert.equal(found, { wifi: { psk: '***', key: '***', keys: 'y', password: '' }, list: ['token=***'], size: 3 })
})

sysinfo('every item is collected or names why it is not, each within its own time', async () => {
  const files: string[] = []
  const init = { ...ofDefault(), items: ITEM_NAMES }
  const missing = await collectItems(init, file => void files.push(file))
  const named = new Set([...files, ...missing.map(({ what }) => what)])
  assert.equal(
    ITEM_NAMES.filter(name => !named.has(ITEMS[name].file)),
    []
  )
  for (const { reason } of missing) assert.not.match(reason, /\n|at .*:\d+/)
})

sysinfo('what a machine does not have is missing where it was named, and not in a set', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    const init = { ...ofDefault(), items: ['ethtool', 'containers', 'packages-all', 'dmesg'] as ItemName[] }
    const named = await collectItems(init, () => {})
    assert.equal(named.map(({ what }) => what).sort(), [
      'containers.json',
      'dmesg.txt',
      'ethtool.json',
      'packages-all.txt'
    ])
    assert.equal(await collectItems({ ...init, inSet: true }, () => {}), [])
  } finally {
    process.env.PATH = path
  }
})

sysinfo('no item takes longer than it is given', async ({ folder }) => {
  const missing = await snapshot(folder, { ...ofDefault(), within: 5 })
  assert.ok(missing.some(({ what, reason }) => what === 'noise.json' && reason === 'not read in time'))
})

sysinfo('an item that is not asked for is not there', async ({ folder }) => {
  await snapshot(folder, { ...ofDefault(), items: ['cpu', 'os'] })
  assert.equal(readdirSync(folder).sort(), ['cpu.json', 'os.json'])
})

sysinfo('the configuration of the kernel is read where the kernel or its package has it', async ({ folder }) => {
  const missing = await snapshot(folder, { ...ofDefault(), items: ['kernel-config'] })
  if (missing.length > 0) assert.match(missing[0]?.reason as string, 'no /proc/config.gz')
  else assert.match(readFileSync(join(folder, 'kernel-config.txt'), 'utf8'), /^CONFIG_\w+=/m)
})

sysinfo.run()
