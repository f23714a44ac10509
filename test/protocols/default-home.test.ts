import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultHome, socketOf } from '../../protocols/default-home.ts'

const cases: [string, Record<string, string>, number, string][] = [
  ['BAK_HOME wins', { BAK_HOME: '/x', XDG_STATE_HOME: '/s', HOME: '/h' }, 0, '/x'],
  ['root has /var/lib/bak', { XDG_STATE_HOME: '/s', HOME: '/root' }, 0, '/var/lib/bak'],
  ['a person may have chosen a folder for state', { XDG_STATE_HOME: '/s', HOME: '/h' }, 1000, '/s/bak'],
  ['else it is below the own home', { HOME: '/h' }, 1000, '/h/.local/state/bak']
]

for (const [what, env, uid, home] of cases) {
  test(`the state folder: ${what}`, () => {
    assert.is(defaultHome(env, uid), home)
    assert.is(socketOf(home), `${home}/bak.sock`)
  })
}

test.run()
