import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { daemonKeys } from '../../protocols/config-file.ts'

test('docs/config.md has every key of config.toml', () => {
  const text = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key]) => key)
  assert.equal(documented.sort(), daemonKeys.map(place => place.join('.')).sort())
})

test.run()
