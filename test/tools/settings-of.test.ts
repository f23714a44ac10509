import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findTool, listTools } from '../../node/tools/index.ts'
import { ignoredBy, intervalOf, intervalSetting, settingsOf } from '../../node/tools/settings-of.ts'
import type { Setting } from '../../node/tools/tool.ts'
import type { BakError } from '../../protocols/errors.ts'
import { COMMON_OPTIONS, type ToolOptions } from '../../protocols/tool-options.ts'

const settings: Setting[] = [
  intervalSetting,
  { name: 'pattern', type: 'string', summary: 'processes', check: text => (text === '' ? 'is empty' : undefined) },
  { name: 'count', type: 'number', default: 3, summary: 'how often' },
  { name: 'threads', type: 'boolean', default: false, summary: 'each thread' }
]
const tool = { name: 'strace', lifetime: 'transient' as const, settings }
const silent = { ...tool, noWords: 'it starts no program' }
const usual = { count: 3, threads: false }

const read = suite('the settings of a tool')
const right: Array<[title: string, options: ToolOptions, values: object, words: string[]]> = [
  ['nothing given', {}, usual, []],
  ['a key of the run file', { pattern: 'nginx' }, { ...usual, pattern: 'nginx' }, []],
  ['a word', { options: ['--pattern=nginx'] }, { ...usual, pattern: 'nginx' }, []],
  ['a word with = in its value', { options: ['--pattern=a=b'] }, { ...usual, pattern: 'a=b' }, []],
  ['a word with lines in its value', { options: ['--pattern=a\nb'] }, { ...usual, pattern: 'a\nb' }, []],
  ['a number as a word', { options: ['--count=12'] }, { ...usual, count: 12 }, []],
  ['a word without a value', { options: ['--threads'] }, { ...usual, threads: true }, []],
  ['false as a word', { options: ['--threads=false'] }, { ...usual, threads: false }, []],
  ['other words go to the program', { options: ['-f', '--pattern', '--x=1'] }, usual, ['-f', '--pattern', '--x=1']],
  ['the last word of two wins', { options: ['--count=1', '--count=2'] }, { ...usual, count: 2 }, []],
  ['a key wins over a word', { count: 9, options: ['--count=1'] }, { ...usual, count: 9 }, []],
  ['the interval as a word', { options: ['--interval=5'] }, { ...usual, interval: 5 }, []],
  ['the interval as a key', { interval: 2 }, { ...usual, interval: 2 }, []],
  ['what every tool may have', { on_end: 'restart', stop_signal: 'INT', lifetime: 'transient' }, usual, []]
]
for (const [title, options, values, words] of right) {
  read(`${title}: ${JSON.stringify(options)}`, () => {
    assert.equal(settingsOf(tool, options), { values, words })
  })
}

const mistakes: Array<[options: ToolOptions, message: RegExp]> = [
  [{ patern: 'x' }, /^tool\.strace\.patern: is not an option of this tool; did you mean pattern\?$/],
  [{ intervall: 2 }, /did you mean interval\?$/],
  [{ zzzzzzzzzz: 1 }, /there are interval, pattern, count, threads$/],
  [{ pattern: 3 }, /^tool\.strace\.pattern: expected a string, got 3$/],
  [{ count: 'many' }, /^tool\.strace\.count: expected a number, got "many"$/],
  [{ options: ['--count=many'] }, /count: expected a number, got "many"$/],
  [{ options: ['--count='] }, /count: expected a number, got ""$/],
  [{ threads: 'yes' }, /threads: expected true or false, got "yes"$/],
  [{ options: ['--threads=yes'] }, /threads: expected true or false, got "yes"$/],
  [{ pattern: '' }, /pattern: is empty$/],
  [{ options: ['--interval=0'] }, /interval: expected 0\.1 s at least$/],
  [{ lifetime: 'persistent' }, /lifetime: it is always transient$/]
]
for (const [options, message] of mistakes) {
  read(`a mistake is named: ${JSON.stringify(options)}`, () => {
    const error = thrownBy(() => settingsOf(tool, options))
    assert.is(error.code, 'usage')
    assert.match(error.message, message)
  })
}

read('all mistakes are named, each in its line', () => {
  const { message } = thrownBy(() => settingsOf(tool, { patern: 'x', count: 'x' }))
  assert.is(message.split('\n').length, 2)
})

read('a tool without free words refuses them with the nearest option', () => {
  assert.equal(settingsOf(silent, { options: ['--count=1'] }).words, [])
  const { message } = thrownBy(() => settingsOf(silent, { options: ['--patern=x'] }))
  assert.match(message, /options: --patern=x is not an option of this tool, and it starts no program; did you mean pat/)
})

read('an option that must be given is named if it is not', () => {
  const needy = { ...tool, settings: [{ name: 'pattern', type: 'string', required: true, summary: '' } as Setting] }
  assert.match(thrownBy(() => settingsOf(needy, {})).message, /^tool\.strace\.pattern: is missing: expected a string$/)
  assert.equal(settingsOf(needy, { pattern: 'x' }).values, { pattern: 'x' })
})

read('a command of the run file may be persistent, and has no options of its own', () => {
  const command = ['x']
  const mine = findTool('mine', { command })
  assert.equal(settingsOf(mine, { command, lifetime: 'persistent', options: ['--a=1'] }).words, ['--a=1'])
  assert.match(thrownBy(() => settingsOf(mine, { command, abc: 1 })).message, /^tool\.mine\.abc: .*it has none of/)
})

const ignored: Array<[tool: string, options: ToolOptions, remarks: RegExp[]]> = [
  ['gauge', { interval: 1 }, [/^its interval is ignored: it takes no samples at one$/]],
  ['gauge', { stop_signal: 'INT' }, [/^its stop_signal is ignored: it does nothing between start and stop$/]],
  ['perf', { interval: 1, stop_signal: 'INT' }, [/^its interval/]],
  ['vmstat', { interval: 1, stop_signal: 'INT' }, []],
  ['mine', { command: ['x'], interval: 1 }, [/^its interval/]],
  ['mine', { command: ['x', '{interval}'], interval: 1 }, []],
  ['mine', { command: ['x'], options: ['-i{interval}'], interval: 1 }, []],
  ['mine', { command: ['x'], read: [{ format: 'csv' }] as never, interval: 1 }, []]
]
for (const [name, options, remarks] of ignored) {
  read(`of ${name} ${JSON.stringify(options)} means something, or it is said`, () => {
    const said = ignoredBy(findTool(name, options), options)
    assert.is(said.length, remarks.length)
    for (const [i, remark] of remarks.entries()) assert.match(said[i] as string, remark)
  })
}

read('the interval of the run holds where the tool has none', () => {
  assert.is(intervalOf(settingsOf(tool, {}).values, { interval: 3 }), 3)
  assert.is(intervalOf(settingsOf(tool, { options: ['--interval=1'] }).values, { interval: 3 }), 1)
})

read('no word is lost, and what is no option of the tool stays as it was and where it was', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom('--count=4', '--threads', '--pattern=p', '-x'))
  const isSetting = (each: string) => ['--count=4', '--threads', '--pattern=p'].includes(each)
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), words => {
      fc.pre(words.every(each => isSetting(each) || !/^--(count|threads|pattern|interval)\b/.test(each)))
      assert.equal(
        settingsOf(tool, { options: words }).words,
        words.filter(each => !isSetting(each))
      )
    })
  )
})
for (const each of listTools()) {
  for (const { name, type } of each.settings) {
    if (type !== 'string') continue
    read(`${each.name}: ${name} has a bound, as the daemon looks at it at each sample`, () => {
      const texts = [
        '*'.repeat(100_000),
        'a'.repeat(100_000),
        '*,'.repeat(50_000),
        'a,a'.repeat(30_000),
        '1,'.repeat(50_000)
      ]
      for (const text of texts.flatMap(text => [text, `${text}1`, `/${text}`, `https://a/${text}`])) {
        assert.throws(
          () => settingsOf(each, { [name]: text }),
          (error: BakError) => error.code === 'usage',
          `${text.slice(0, 20)} is refused`
        )
      }
    })
  }
}

read.run()

const declared = suite('what the tools of the catalogue declare')
for (const { name, settings } of listTools()) {
  declared(`${name}: each option has a name of its own, and a default that is in order`, () => {
    const names = settings.map(each => each.name)
    assert.is(new Set(names).size, names.length)
    assert.equal(
      names.filter(each => each !== 'interval' && COMMON_OPTIONS.includes(each)),
      []
    )
    const usual = settings.flatMap(each => (each.default == null ? [] : [[each.name, each.default]]))
    const needed = settings.filter(each => each.required)
    if (needed.length === 0) settingsOf({ ...findTool(name, {}) }, Object.fromEntries(usual))
  })
}
declared.run()

function thrownBy(act: () => unknown): BakError {
  try {
    act()
  } catch (error) {
    return error as BakError
  }
  return assert.unreachable() as never
}
