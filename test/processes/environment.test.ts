/** The environment of tools and of programs that a run brings. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chosenEnvironment } from '../../node/processes/environment.ts'

const environment = suite('the environment of tools')
const fixed = { NO_COLOR: '1', TERM: 'dumb', TZ: 'UTC', LC_ALL: 'C.UTF-8', S_COLORS: 'never', S_TIME_FORMAT: 'ISO' }
const daemon = {
  ...{ PATH: '/bin', HOME: '/root', USER: 'root', TZ: 'Asia/Tokyo', LC_ALL: 'de_DE', LANGUAGE: 'de', COLUMNS: '40' },
  ...{
    BAK_JOIN: 'bak1secret',
    BAK_HOME: '/var/lib/bak',
    AWS_SECRET_ACCESS_KEY: 's',
    LD_PRELOAD: '/x.so',
    LICENSE: '27000@l'
  }
}

environment('has nothing of the daemon’s but the PATH', () => {
  assert.equal(chosenEnvironment({ home: '/f' }, daemon), { ...fixed, PATH: '/bin', HOME: '/f' })
})

environment('has a PATH where the daemon has none', () => {
  assert.match(chosenEnvironment({ home: '/f' }, {}).PATH as string, /\/usr\/bin:/)
})

environment('has what the owner lists, and never a fixed variable of the daemon’s', () => {
  const keep = ['LICENSE', 'TZ', 'HOME', 'MISSING']
  assert.equal(chosenEnvironment({ home: '/f', keep }, daemon), {
    ...{ ...fixed, PATH: '/bin', HOME: '/f' },
    LICENSE: '27000@l'
  })
})

environment('names the user and the folder for temporary files of a program that runs as another user', () => {
  const { USER, LOGNAME, TMPDIR } = chosenEnvironment({ home: '/f', tmp: '/f/tmp', user: 'bak-run' }, daemon)
  assert.equal([USER, LOGNAME, TMPDIR], ['bak-run', 'bak-run', '/f/tmp'])
})

environment.run()
