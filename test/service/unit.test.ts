import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startOf } from '../../node/service/own-program.ts'
import { homeOfUnit, type Scope, unitText } from '../../node/service/unit.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const unit = suite('the unit')
const dir = mkdtempSync(join(tmpdir(), 'bak-unit-'))
unit.after(() => rmSync(dir, { recursive: true }))

const textOf = (scope: Scope, home = '/var/lib/bak', words: string[] = []) =>
  unitText({ scope, home, ...startOf(['--home', home, 'daemon', ...words]) })

for (const scope of ['system', 'user'] as const) {
  skipWhere(needs('systemd-analyze'), unit)(`systemd finds nothing to say about that of the ${scope}`, () => {
    const path = join(dir, 'bak-node.service')
    for (const home of ['/var/lib/bak', '/etc/my "bak" %h $x']) {
      writeFileSync(path, textOf(scope, home, ['--name=a b', '--label=cost=5$%']))
      const { status, stdout, stderr } = spawnSync(
        'systemd-analyze',
        ['verify', ...(scope === 'user' ? ['--user'] : []), path],
        { env: { ...process.env, XDG_RUNTIME_DIR: dir }, encoding: 'utf8' }
      )
      assert.is(stdout + stderr, '')
      assert.is(status, 0)
    }
  })
}

unit('names the home that it serves, with any characters', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom<Scope>('system', 'user'), (home, scope) => {
      assert.is(homeOfUnit(textOf(scope, home)), home)
    })
  )
})

unit('a unit that bak-node did not write serves no home, whatever its text', () => {
  const ours = textOf('system')
  for (const text of [
    '',
    '[Service]\nExecStart=/bin/true\n',
    `\n${ours}`,
    ours.slice(1),
    ours.replace('# Home: ', '# ')
  ]) {
    assert.is(homeOfUnit(text), undefined)
  }
})

unit('no line filters the system calls of a workload, hides /proc from a tool, or takes what perf needs', () => {
  const set = textOf('system')
    .split('\n')
    .filter(line => /^\w+=/.test(line))
  assert.equal(
    set.filter(line =>
      /^(SystemCall|Restrict|Lock|Memory|Protect(Clock|Host|Kernel|Proc|Home|Control)|Private|NoNew|IP)/.test(line)
    ),
    []
  )
  const [, dropped = ''] = /^CapabilityBoundingSet=~(.*)$/m.exec(textOf('system')) ?? []
  for (const needed of [
    'SYS_ADMIN',
    'PERFMON',
    'BPF',
    'SYS_PTRACE',
    'SYS_RAWIO',
    'SYSLOG',
    'NET_RAW',
    'SYS_NICE',
    'IPC_LOCK'
  ]) {
    assert.not.ok(dropped.includes(needed), needed)
  }
})

unit('a home below a read-only path of the system stays writable', () => {
  assert.match(textOf('system', '/etc/bak'), /^ReadWritePaths=\/etc\/bak$/m)
  assert.not.match(textOf('system', '/etcetera'), /ReadWritePaths/)
})
unit.run()
