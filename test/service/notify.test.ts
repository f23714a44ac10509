import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { Notify } from '../../node/service/notify.ts'
import { receiver } from '../helpers/notify.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const notify = suite('notifying the service manager')
const dir = mkdtempSync(join(tmpdir(), 'bak-notify-'))
notify.after(() => rmSync(dir, { recursive: true }))

const logged: string[] = []
const log = createLog('debug', line => void logged.push(line))

skipWhere(needs('python3') ?? needs('systemd-notify'), notify)(
  'the start and the end are notified, each with a status line',
  async () => {
    const manager = await receiver(join(dir, 'notify'))
    const env = { ...process.env, NOTIFY_SOCKET: manager.path }
    const service = new Notify(env, log)
    assert.not.ok('NOTIFY_SOCKET' in env, 'children cannot speak for the daemon')
    await service.ready('peer a of mesh b')
    await service.stopping('asked to')
    const said = await manager.until(text => text.includes('STOPPING=1'))
    assert.match(said, /READY=1\n(MAINPID=\d+\n)?STATUS=peer a of mesh b/)
    assert.match(said, /STOPPING=1\n(MAINPID=\d+\n)?STATUS=asked to/)
    await manager.close()
  }
)

notify('without a manager nothing is sent and no program runs', async () => {
  const before = logged.length
  const service = new Notify({ PATH: '/nowhere' }, log)
  await service.ready('x')
  await service.stopping('x')
  assert.is(logged.length, before)
})

notify('a missing or failing systemd-notify is logged and does not disturb the daemon', async () => {
  const service = new Notify({ PATH: '/nowhere', NOTIFY_SOCKET: join(dir, 'nobody') }, log)
  await service.ready('x')
  assert.match(logged.at(-1) ?? '', /WARN what="READY=1" .*was not notified/)
})
notify.run()
