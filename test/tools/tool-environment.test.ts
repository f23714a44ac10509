/** The environment of tools. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toolEnvironment } from '../../node/tools/tool-environment.ts'

const environment = suite('the environment of tools')

environment('is the same whoever started the daemon, but for what a program needs to be found and to run', () => {
  const fixed = { NO_COLOR: '1', TERM: 'dumb', TZ: 'UTC', LC_ALL: 'C.UTF-8', S_COLORS: 'never', S_TIME_FORMAT: 'ISO' }
  assert.equal(toolEnvironment({}), fixed)
  const odd = {
    TZ: 'Asia/Tokyo',
    LC_ALL: 'de_DE',
    LANGUAGE: 'de',
    S_COLORS: 'always',
    COLUMNS: '40',
    POSIXLY_CORRECT: '1'
  }
  assert.equal(toolEnvironment({ ...odd, PATH: '/bin', HOME: '/root' }), { ...fixed, PATH: '/bin', HOME: '/root' })
})

environment.run()
