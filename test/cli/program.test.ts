/** What holds for every command: exit statuses, usage, help, settings and completion. */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BakError } from '../../protocols/errors.ts'
import { fails, member, startBak, useFakes } from './fake.ts'

const bak = suite('the program bak')
const fake = useFakes(bak)

const head = (table: string) => table.split('\n').map(row => row.split(/ {2,}/))

bak('without a daemon the error is one line with the command that starts one', async () => {
  const { home } = await fake()
  const { status, stdout, stderr } = await startBak(['status'], { env: { BAK_HOME: join(home, 'none') } }).ended
  assert.is(status, 69)
  assert.is(stdout, '')
  assert.is(
    stderr,
    `bak: no daemon answers at ${home}/none/bak.sock; start one with: bak-node daemon --home ${home}/none\n`
  )
})

for (const [code, expected] of [
  ['no-such-run', 66],
  ['version-clash', 76],
  ['not-allowed', 77],
  ['busy', 75],
  ['bug', 70],
  ['lost-contact', 5]
] as const) {
  bak(`the daemon's ${code} is exit status ${expected}`, async () => {
    const { bak } = await fake({ ls: fails(new BakError(code, 'so it is')) })
    const { status, stdout, stderr } = await bak('ls')
    assert.is(status, expected)
    assert.is(stdout, '')
    assert.match(stderr, /^bak: so it is[^\n]*\n$/)
  })
}

for (const words of [
  [],
  ['nosuch'],
  ['ls', '--nosuch'],
  ['ls', 'extra'],
  ['attach'],
  ['ls', '--', 'x'],
  ['completion', 'fish']
]) {
  bak(`wrong usage is exit status 64: bak ${words.join(' ')}`, async () => {
    const { status, stdout } = await startBak(words).ended
    assert.is(status, 64)
    assert.is(stdout, '')
  })
}

bak('a similar command is suggested', async () => {
  assert.is((await startBak(['stauts']).ended).stderr, "bak: unknown command 'stauts'; did you mean status?\n")
})

bak('help is on stdout, with flags, variables and examples', async () => {
  const [all, one] = await Promise.all([startBak(['--help']).ended, startBak(['help', 'members']).ended])
  assert.match(all.stdout, /\n {2}run +start a run and follow it/)
  assert.match(one.stdout, /--watch .*BAK_MEMBERS_WATCH[\s\S]*Examples:\n {2}bak members --label/)
  assert.equal([all.status, one.status], [0, 0])
})

bak('a reader that closes the pipe is no error', async () => {
  const { start } = await fake({
    async *members() {
      for (let i = 0; ; i++) yield { members: Array.from({ length: 1000 }, () => member(`m${i}`)) }
    }
  })
  const child = start(['members', '--watch'])
  await child.sees('m0')
  child.process.stdout?.destroy()
  const { status, stderr } = await child.ended
  assert.is(status, 0)
  assert.is(stderr, '')
})

bak('config prints the settings and where each comes from', async () => {
  const { home, start } = await fake()
  writeFileSync(
    join(home, 'config.toml'),
    'name = "x"\n\n[cli.run]\nquorum = "80%"\nstrict = true\n\n[allow]\nexec = ["x"]\n'
  )
  const env = { BAK_RUN_LEASE: '9', BAK_LOG: 'warn', BAK_ALLOW_TOOLS: 'light,proc' }
  const { stdout } = await start(['config', '--origin'], { env }).ended
  assert.equal(head(stdout.trim()), [
    ['KEY', 'VALUE', 'ORIGIN'],
    ['home', home, 'flag'],
    ['name', 'x', `${home}/config.toml:1`],
    ['label', '{}', 'default'],
    ['listen', '["/ip4/0.0.0.0/tcp/0"]', 'default'],
    ['announce', '[]', 'default'],
    ['relay', 'auto', 'default'],
    ['relay_limits', '{"reservations":512}', 'default'],
    ['receive_limits', '{"bytes":68719476736,"files":1000000,"tarballs":25000,"ratio":200}', 'default'],
    ['artifacts', '{"bytes":21474836480,"largest":17179869184,"pinned":10737418240}', 'default'],
    ['direct', 'true', 'default'],
    ['upnp', 'true', 'default'],
    ['membership', '30d', 'default'],
    ['leftovers', '30d', 'default'],
    ['forget', '1d', 'default'],
    ['log', 'warn', 'BAK_LOG'],
    ['allow.controllers', 'true', 'default'],
    ['allow.exec', '["x"]', `${home}/config.toml:8`],
    ['allow.tools', 'light,proc', 'BAK_ALLOW_TOOLS'],
    ['allow.paths', 'true', 'default'],
    ['allow.archive', 'true', 'default'],
    ['allow.stage', 'true', 'default'],
    ['allow.load', '-', 'default'],
    ['allow.forward', 'false', 'default'],
    ['allow.workloads', 'guarded', 'default'],
    ['allow.privileged', '[]', 'default'],
    ['allow.images', 'false', 'default'],
    ['allow.run_as', '-', 'default'],
    ['allow.network', 'true', 'default'],
    ['allow.environment', '[]', 'default'],
    [
      'run_limits',
      '{"pids":4096,"bytes":10737418240,"entries":100000,"nofile":65536,"runs":32,"uncollected":53687091200}',
      'default'
    ],
    ['slots', `${availableParallelism()}`, 'default'],
    ['hooks', '{"timeout":"30s","on_failure":"warn"}', 'default'],
    ['cli.run.quorum', '80%', `${home}/config.toml:4`],
    ['cli.run.lease', '9', 'BAK_RUN_LEASE'],
    ['cli.run.strict', 'true', `${home}/config.toml:5`]
  ])
})

bak('each error in the flags in config.toml is named with its line', async () => {
  const { home, bak } = await fake()
  writeFileSync(join(home, 'config.toml'), '[cli.ls]\nmash = true\n\nmesh = 3\n')
  const { status, stderr } = await bak('ls')
  assert.is(status, 78)
  const [first, second] = ['2: cli.ls.mash: is not a known key', '4: cli.ls.mesh: expected true or false']
  assert.is(stderr, `bak: ${home}/config.toml:${first}\nbak: ${home}/config.toml:${second}\n`)
})

bak('completion lists commands and flags', async () => {
  const { stdout } = await startBak(['completion', 'bash']).ended
  assert.match(stdout, /names='status info members .* help'/)
  assert.match(stdout, /\n {4}run\) flags='[^']*--quorum [^']*--dry-run/)
})

bak.run()
