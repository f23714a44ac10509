import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { readRunFile, writeRunFile } from '../../../protocols/run-file.ts'
import { chooseItems, ITEM_NAMES, itemOf, itemsOf, sysinfoChoice } from '../../../protocols/sysinfo/items.ts'
import { specOf } from '../samples.ts'

const items = suite('which items of sysinfo a run takes')

const good: Array<[words: string, choice: unknown]> = [
  ['default', 'default'],
  ['all', 'all'],
  ['none', 'none'],
  ['cpu', ['cpu']],
  ['dmesg, cpu ,cpu', ['cpu', 'dmesg']],
  ['block', ['disks']],
  ['kernel_config', ['kernel-config']],
  ['libvirt', ['virtualization']],
  ['security_mitigations', ['mitigations']],
  ['topology', ['topology']]
]
for (const [words, choice] of good)
  items(`"${words}" is ${JSON.stringify(choice)}`, () => {
    assert.equal(chooseItems(words.split(',')), { choice })
    assert.equal(v.parse(sysinfoChoice, words), choice)
  })

items('default with names is all of it and these', () => {
  const chosen = chooseItems(['default', 'dmesg'])
  assert.equal('choice' in chosen && chosen.choice, [...itemsOf('default', 'begin'), 'dmesg'])
})

const bad: Array<[words: string, wrong: RegExp]> = [
  ['', /no item is named/],
  ['all,cpu', /"all" stands alone/],
  ['none,none', /"none" stands alone/],
  ['mitigation', /no item "mitigation"; did you mean mitigations\?/],
  ['qqqqqqqqqqqqqq', /--sysinfo list/],
  ['sos', /sos is not taken: .*secrets/],
  ['ara', /ara is not taken/],
  ['insights', /insights is not taken/],
  ['__proto__', /no item/]
]
for (const [words, wrong] of bad)
  items(`"${words}" is refused with the reason`, () => {
    const chosen = chooseItems(words.split(','))
    assert.match('wrong' in chosen ? chosen.wrong : '', wrong)
    assert.throws(() => v.parse(sysinfoChoice, words))
  })

items('what a spec says is read back from spec.toml', () => {
  for (const sysinfo of ['all', ['cpu', 'dmesg']] as const) {
    const spec = specOf({ sysinfo: sysinfo as never })
    assert.equal(readRunFile(writeRunFile(spec), 'spec.toml').sysinfo, sysinfo)
  }
})

items('a choice means the same when it is read again, and names only items that there are', () => {
  const words = fc.array(fc.constantFrom(...ITEM_NAMES, 'block', 'libvirt'), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(words, given => {
      const choice = v.parse(sysinfoChoice, given)
      assert.equal(v.parse(sysinfoChoice, choice), choice)
      assert.ok(Array.isArray(choice) && new Set(choice).size === choice.length)
    })
  )
})

items('default has what is fast, all has everything, and the end of a run lacks what only a boot changes', () => {
  assert.ok(itemsOf('default', 'begin').every(name => itemOf(name).slow == null))
  assert.equal(itemsOf('all', 'begin'), ITEM_NAMES)
  assert.equal(itemsOf('none', 'begin'), [])
  assert.ok(itemsOf('all', 'end').every(name => itemOf(name).once == null))
  assert.ok(itemsOf('all', 'end').length < ITEM_NAMES.length)
})

items('docs/sysinfo.md lists every item with its set and its file', () => {
  const text = readFileSync(new URL('../../../docs/sysinfo.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (default|all) \| `([a-z.-]+)` \| /gm)]
  const listed = rows.map(([, name, set, file]) => [name, set, file])
  const known = ITEM_NAMES.map(name => {
    const { file, slow } = itemOf(name)
    return [name, slow ? 'all' : 'default', file]
  })
  assert.equal(listed, known)
})

items.run()
