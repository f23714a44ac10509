import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Config, checkFlags, type Flags, loadConfig } from '../node/config.ts'
import { type Home, openHome } from '../node/store/home.ts'
import { daemonDefaults } from '../protocols/config-file.ts'
import type { BakError } from '../protocols/errors.ts'
import { scratch } from './store/scratch.ts'

const test = suite('settings of the daemon')

const newHome = (): Promise<Home> => openHome(join(scratch(), 'home'))

/** The settings that a file and some flags make. */
async function settingsOf(file: string | undefined, flags: Flags = {}) {
  const home = await newHome()
  if (file !== undefined) await writeFile(home.config, file)
  return await loadConfig(home, checkFlags(flags))
}

async function errorOf(work: () => unknown): Promise<BakError> {
  try {
    await work()
  } catch (error) {
    return error as BakError
  }
  throw new Error('nothing was thrown')
}

test('without a file and flags every setting has the default of the help', async () => {
  const { name, ...rest } = await settingsOf(undefined)
  assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  assert.equal(rest, {
    label: {},
    listen: ['/ip4/0.0.0.0/tcp/0'],
    announce: [],
    relay: 'auto',
    relay_limits: { reservations: 512 },
    receive_limits: { bytes: 68_719_476_736, files: 1_000_000, tarballs: 25_000, ratio: 200 },
    artifacts: { bytes: 21_474_836_480, largest: 17_179_869_184, pinned: 10_737_418_240 },
    direct: true,
    upnp: true,
    membership: '30d',
    leftovers: '30d',
    forget: '1d',
    log: 'info',
    allow: {
      ...{ controllers: true, exec: true, tools: true, paths: true, archive: true, stage: true, forward: false },
      ...{ workloads: 'guarded', privileged: [], images: false, load: undefined, run_as: undefined, network: true },
      environment: []
    },
    run_limits: {
      pids: 4096,
      bytes: 10_737_418_240,
      entries: 100_000,
      nofile: 65_536,
      runs: 32,
      uncollected: 53_687_091_200
    },
    slots: availableParallelism(),
    hooks: { timeout: '30s', on_failure: 'warn' }
  })
})

type Flag = string | string[] | boolean
const cases: Array<[key: keyof Flags & keyof Config, file: string, fromFile: unknown, flag: Flag, fromFlag: unknown]> =
  [
    ['name', 'name = "db1"', 'db1', 'db2', 'db2'],
    ['log', 'log = "warn"', 'warn', 'debug', 'debug'],
    ['listen', 'listen = ["/ip4/10.0.0.1/tcp/1"]', ['/ip4/10.0.0.1/tcp/1'], ['/ip6/::1/tcp/2'], ['/ip6/::1/tcp/2']],
    [
      'announce',
      'announce = ["/dns4/a.example/tcp/1"]',
      ['/dns4/a.example/tcp/1'],
      ['/ip4/192.0.2.7/tcp/2'],
      ['/ip4/192.0.2.7/tcp/2']
    ],
    ['listen', 'listen = ["/ip4/10.0.0.1/tcp/1"]', ['/ip4/10.0.0.1/tcp/1'], false, []],
    ['relay', 'relay = "auto"', 'auto', true, 'on'],
    ['relay', 'relay = "on"', 'on', false, 'off'],
    ['relay', 'relay = "off"', 'off', 'auto', 'auto'],
    ['direct', 'direct = true', true, false, false],
    ['upnp', 'upnp = true', true, false, false],
    ['membership', 'membership = "90d"', '90d', '1h', '1h'],
    ['forget', 'forget = "7d"', '7d', '1h', '1h'],
    ['slots', 'slots = 3', 3, '16', 16]
  ]
for (const [key, file, fromFile, flag, fromFlag] of cases) {
  test(`${key}: a flag wins over the file, the file over the default`, async () => {
    assert.equal((await settingsOf(file))[key], fromFile)
    assert.equal((await settingsOf(file, { [key]: flag }))[key], fromFlag)
    assert.equal((await settingsOf(undefined, { [key]: flag }))[key], fromFlag)
    // one setting moves no other
    const others = { ...(await settingsOf(file)), [key]: undefined }
    assert.equal(others, { ...(await settingsOf('')), [key]: undefined })
  })
}

test('label: labels of flags are added to those of the file, and replace those with the same key', async () => {
  const file = '[label]\nrack = "r1"\nrole = "db"'
  assert.equal((await settingsOf(file)).label, { rack: 'r1', role: 'db' })
  const { label } = await settingsOf(file, { label: ['role=web', 'os.name=a=b', 'empty='] })
  assert.equal(label, { rack: 'r1', role: 'web', 'os.name': 'a=b', empty: '' })
})

test('relay_limits: a limit that the file does not set keeps its default', async () => {
  const file = '[relay_limits]\nseconds = 3600\nbytes = 1000000'
  assert.equal((await settingsOf(file)).relay_limits, { reservations: 512, seconds: 3600, bytes: 1_000_000 })
})

const PEER = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
const allowed: Array<
  [key: string, file: string, fromFile: unknown, flag: string[] | string | boolean, fromFlag: unknown]
> = [
  ['controllers', `["ops", "${PEER}"]`, ['ops', PEER], ['ops#aB3d_x'], ['ops#aB3d_x']],
  ['controllers', 'false', false, ['all'], true],
  ['exec', '["tcpdump", "/opt/bench/**"]', ['tcpdump', '/opt/bench/**'], ['none'], false],
  ['exec', '[]', [], ['a b', '/x'], ['a b', '/x']],
  ['tools', '["light", "s*"]', ['light', 's*'], ['proc', 'sar,all'], ['proc', 'sar', 'all']],
  ['paths', '["/opt", "/srv/"]', ['/opt', '/srv/'], ['/'], ['/']],
  ['exec', '["tcpdump -i * -w *", "/opt/x -a"]', ['tcpdump -i * -w *', '/opt/x -a'], ['sar -o *'], ['sar -o *']],
  ['privileged', '["perf", "/opt/probe"]', ['perf', '/opt/probe'], ['tcpdump,perf'], ['tcpdump', 'perf']],
  ['workloads', 'true', true, 'none', false],
  ['workloads', 'false', false, 'guarded', 'guarded'],
  ['workloads', '"guarded"', 'guarded', true, true],
  ['images', '["docker.io/library/gcc:*"]', ['docker.io/library/gcc:*'], ['none'], false],
  ['images', 'false', false, ['localhost/a,localhost/b:1'], ['localhost/a', 'localhost/b:1']],
  ['run_as', '"bench"', 'bench', '1001:1001', '1001:1001']
]
for (const [key, file, fromFile, flag, fromFlag] of allowed) {
  test(`allow.${key} = ${file} wins over the default, and ${flag} over the file; the other keys keep their defaults`, async () => {
    const flagOf = { [`allow_${key}`.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())]: flag }
    const all = daemonDefaults.allow
    assert.equal((await settingsOf(`[allow]\n${key} = ${file}`)).allow, { ...all, [key]: fromFile })
    assert.equal((await settingsOf(`[allow]\n${key} = ${file}`, flagOf)).allow, { ...all, [key]: fromFlag })
  })
}

test('run_limits: a limit that the file does not set keeps its default', async () => {
  const { run_limits } = await settingsOf('[run_limits]\nmemory = 1_000_000_000\ntime = "2h"\npids = 100')
  assert.equal(run_limits, { ...daemonDefaults.run_limits, memory: 1_000_000_000, time: '2h', pids: 100 })
})

test('the table of the command line in the same file is not the daemon’s', async () => {
  assert.not('cli' in (await settingsOf('name = "db1"\n[cli]\nwhatever = 1')))
})

const mistakes: Array<[title: string, file: string, line: number, key: RegExp]> = [
  ['a key that does not exist', 'name = "a"\nlisten_on = []', 2, /listen_on/],
  ['a value of another type', 'name = 7', 1, /name/],
  ['a name that is none', '\n\nname = "a b"', 3, /name: a name has letters/],
  ['a level that does not exist', 'log = "loud"', 1, /log/],
  ['a label that is no text', '[label]\nrack = 7', 2, /label\.rack/],
  ['an address without a port', 'listen = [\n  "/ip4/10.0.0.1/tcp/1",\n  "10.0.0.1"\n]', 3, /listen/],
  ['one address in place of a list', 'announce = "/ip4/10.0.0.1/tcp/1"', 1, /announce/],
  ['a time that is none', 'membership = "soon"', 1, /membership: expected a time such as/],
  ['no slots', 'slots = 0', 1, /slots/],
  ['no time after which peers are forgotten', 'forget = "0s"', 1, /forget: expected a time longer than 0s/],
  ['a time without length', 'membership = "0d"', 1, /membership: expected a time longer than 0s/],
  ['a rule that does not exist', '[allow]\nexecs = false', 2, /allow\.execs: .*did you mean exec\?/],
  [
    'a rule of another type',
    '[allow]\nexec = "tcpdump"',
    2,
    /allow\.exec: expected true, false or a list, each a name or an absolute path/
  ],
  [
    'a program by a relative path',
    '[allow]\nexec = ["./run"]',
    2,
    /allow\.exec\.0: expected a name or an absolute path of a program/
  ],
  [
    'a folder by a relative path',
    '[allow]\npaths = ["opt"]',
    2,
    /allow\.paths\.0: expected an absolute path of a folder/
  ],
  [
    'a controller that is no name',
    '[allow]\ncontrollers = ["a b"]',
    2,
    /allow\.controllers\.0: expected a name or a peer id/
  ],
  ['what is no TOML', 'name = "a"\nlog =', 2, /./]
]
for (const [title, file, line, key] of mistakes) {
  test(`${title} is bad-config with the file, the line and the key`, async () => {
    const home = await newHome()
    await writeFile(home.config, file)
    const { code, message } = await errorOf(() => loadConfig(home, {}))
    assert.is(code, 'bad-config')
    assert.ok(message.startsWith(`${home.config}:${line}:`), message)
    assert.match(message.slice(home.config.length), key)
  })
}

test('all errors of a file are reported together', async () => {
  const { message } = await errorOf(() => settingsOf('name = 7\nlog = "loud"\nfoo = 1'))
  assert.is(message.split('\n').length, 3)
})

test('a file that cannot be read is bad-config, and not treated as missing', async () => {
  const home = await newHome()
  await mkdir(home.config)
  const { code, message } = await errorOf(() => loadConfig(home, {}))
  assert.is(code, 'bad-config')
  assert.match(message, home.config)
})

const wrong: Array<[title: string, flags: Flags, message: RegExp]> = [
  ['a name that is none', { name: 'a b' }, /^--name a b: a name has letters/],
  ['an empty name', { name: '' }, /^--name /],
  ['a level that does not exist', { log: 'loud' }, /^--log loud: /],
  ['slots that are no number', { slots: 'four' }, /^--slots four: expected a number/],
  ['more slots than there may be', { slots: '5000' }, /^--slots 5000: /],
  ['an address that is none', { listen: ['/ip4/10.0.0.1/tcp/1', '10.0.0.1'] }, /^--listen 10\.0\.0\.1: /],
  [
    'an address with a port too high',
    { announce: ['/ip4/10.0.0.1/tcp/70000'] },
    /^--announce \/ip4\/10\.0\.0\.1\/tcp\/70000: /
  ],
  ['a label without a value', { label: ['rack'] }, /^--label rack: a label is key=value/],
  ['several labels in one', { label: ['rack=r1,role=db'] }, /^--label rack=r1,role=db: repeat --label for each/],
  ['a label without a key', { label: ['=r1'] }, /^--label =r1: a label is key=value/],
  ['a label whose key is no name', { label: ['a b=c'] }, /^--label a b=c: /],
  [
    'a folder that is not absolute',
    { allowPaths: ['/opt', 'srv'] },
    /^--allow-paths \/opt,srv: expected an absolute path/
  ],
  ['a program by a relative path', { allowExec: ['./x'] }, /^--allow-exec \.\/x: expected a name or an absolute path/],
  ['the word of the file for all', { allowControllers: ['true'] }, /^--allow-controllers true: as a flag, write all/],
  ['the word of the file for none', { allowExec: ['false'] }, /^--allow-exec false: as a flag, write none/],
  ['a label that is too long', { label: [`a=${'x'.repeat(129)}`] }, /^--label a=x+: /]
]
for (const [title, flags, expected] of wrong) {
  test(`${title} is usage, with the flag and its value`, async () => {
    const { code, message } = await errorOf(() => checkFlags(flags))
    assert.is(code, 'usage')
    assert.match(message, expected)
  })
}

test('flags that were not given are not settings', () => {
  assert.equal(checkFlags({ name: undefined, label: undefined, listen: undefined }), {})
})

test.run()
