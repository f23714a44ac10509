import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { type Finished, finished } from '../helpers/mesh.ts'
import { receiver } from '../helpers/notify.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const service = suite('a daemon as a service')
const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('BAK_')))
let dir = ''
service.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'bak-service-'))
  mkdirSync(join(dir, 'root'))
})
service.after.each(() => rmSync(dir, { recursive: true }))

const dist = { BAK_DIST: process.env.BAK_DIST ?? '' }
const node = (words: string[], env = {}, uid?: number): Promise<Finished> =>
  finished(
    spawn(BAK_NODE, words, {
      env: { ...clean, ...dist, HOME: join(dir, 'user'), BAK_HOME: join(dir, 'home'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      uid
    })
  )
const below = (path = '') => join(dir, 'root', path)
const SYSTEM = 'etc/systemd/system/bak-node.service'

service(
  'install writes the unit with the settings that were given, says so, and what is next; uninstall removes it',
  async () => {
    const flags = ['--root', below(), '--name', 'db-1', '--label', 'role=db', '--no-relay', '--allow-exec', 'fio,sh']
    const { status, stdout, stderr } = await node(['install', ...flags], {
      BAK_LISTEN: '/ip4/10.0.0.7/tcp/1,/ip4/10.0.0.7/tcp/2',
      BAK_ALLOW_TOOLS: 'none'
    })
    assert.equal([status, stderr], [0, ''])
    assert.is(stdout, `wrote ${below(SYSTEM)}\nnext: systemctl --root=${below()} enable bak-node\n`)
    const unit = readFileSync(below(SYSTEM), 'utf8')
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? []
    assert.ok(command.startsWith(`${BAK_NODE} --home ${join(dir, 'home')} daemon `), command)
    for (const word of [
      '--name=db-1',
      '--label=role=db',
      '--no-relay',
      '--allow-exec=fio,sh',
      '--allow-tools=none',
      '--listen=/ip4/10.0.0.7/tcp/1 --listen=/ip4/10.0.0.7/tcp/2'
    ]) {
      assert.ok(command.includes(` ${word}`), `${word} in ${command}`)
    }
    assert.is(
      (
        await node(['install', ...flags, '--print'], {
          BAK_LISTEN: '/ip4/10.0.0.7/tcp/1,/ip4/10.0.0.7/tcp/2',
          BAK_ALLOW_TOOLS: 'none'
        })
      ).stdout,
      unit
    )
    assert.is((await node(['uninstall', '--root', below()])).stdout, `removed ${below(SYSTEM)}\n`)
    assert.not.ok(existsSync(below(SYSTEM)))
    const again = await node(['uninstall', '--root', below()])
    assert.equal([again.status, again.stdout], [0, `${below(SYSTEM)} does not exist\n`])
  }
)

service('--user writes it for the user; without a manager it says so', async () => {
  const { status, stdout } = await node(['install', '--user'])
  assert.is(status, 0)
  const path = join(dir, 'user/.config/systemd/user/bak-node.service')
  assert.match(readFileSync(path, 'utf8'), /WantedBy=default.target/)
  assert.ok(stdout.startsWith(`wrote ${path}\n`))
  if (!existsSync('/run/systemd/system')) assert.match(stdout, /systemd does not run here/)
  assert.match(stdout, /next: systemctl --user daemon-reload && systemctl --user enable --now bak-node\n/)
  assert.match(stdout, /enable-linger/)
  assert.match(stdout, /is in no mesh yet/)
})

service('what is wrong is said before anything is written, with its status', async () => {
  mkdirSync(join(dir, 'home'), { mode: 0o700 })
  writeFileSync(join(dir, 'home/config.toml'), 'nmae = "x"\n')
  const wrong: Array<[words: string[], status: number, text: RegExp]> = [
    [['--root', join(dir, 'nowhere')], 64, /the folder does not exist/],
    [['--root', below(), '--unit', '../x'], 64, /--unit/],
    [['--root', below(), '--listen', 'here'], 64, /--listen here/],
    [['--root', below(), '--nonsense'], 64, /--nonsense/],
    [['--root', below()], 0, /wrote/],
    [['--user'], 78, /config\.toml:1: nmae/]
  ]
  for (const [words, status, text] of wrong) {
    const ended = await node(['install', ...words])
    assert.is(ended.status, status, `${words}: ${ended.stderr}`)
    assert.match(ended.stdout + ended.stderr, text)
    assert.is(ended.stderr.trim().split('\n').filter(Boolean).length, status === 0 ? 0 : 1)
  }
  assert.not.ok(existsSync(join(dir, 'user/.config')))
})

const asOther = process.getuid?.() === 0 ? undefined : 'only root can act as another user'
skipWhere(asOther, service)('who is not root is told how to do it, with status 77', async () => {
  chmodSync(dir, 0o755)
  const env = { BAK_HOME: join(dir, 'nobodys') }
  for (const command of ['install', 'uninstall']) {
    await node(['install', '--root', below()])
    const { status, stderr } = await node([command, '--root', below()], env, 65_534)
    assert.is(status, 77, stderr)
    if (command === 'uninstall')
      assert.match(stderr, /no permission to remove .*bak-node.service: run it as root, or .*--user/)
    else assert.match(stderr, /serves the home/)
  }
  const fresh = await node(['install', '--unit', 'mine', '--root', below()], env, 65_534)
  assert.equal([fresh.status, /no permission to write .*--user/.test(fresh.stderr)], [77, true], fresh.stderr)
})

skipWhere(asOther, service)("a system's service is not for another user's home", async () => {
  chmodSync(dir, 0o755)
  mkdirSync(below('srv/bak'), { recursive: true, mode: 0o755 })
  const { status, stderr } = await node(['install', '--root', below()], { BAK_HOME: '/srv/bak' }, 65_534)
  assert.is(status, 77)
  assert.match(stderr, /belongs to another user/)
})

skipWhere(needs('python3') ?? needs('systemd-notify'), service)(
  'the manager hears when the daemon is ready, and when it ends',
  async () => {
    const manager = await receiver(join(dir, 'notify'))
    const child = spawn(BAK_NODE, ['daemon', '--name', 'a', '--listen', '/ip4/127.0.0.1/tcp/0'], {
      env: { ...clean, ...dist, BAK_HOME: join(dir, 'home'), NOTIFY_SOCKET: manager.path },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    try {
      const ended = finished(child)
      assert.match(await manager.until(text => text.includes('READY=1')), /STATUS=peer a of mesh 12D3/)
      child.kill('SIGTERM')
      assert.match(await manager.until(text => text.includes('STOPPING=1')), /STATUS=leaving the mesh: SIGTERM/)
      assert.is((await ended).status, 0)
    } finally {
      child.kill('SIGKILL')
      await manager.close()
    }
  }
)
service.run()
