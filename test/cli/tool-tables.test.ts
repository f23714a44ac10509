/** What bak tools and bak check print, at 80 columns too. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Finding, formatFindings } from '../../cli/views/check-table.ts'
import { formatTool, formatTools, type ToolsOfMember } from '../../cli/views/tool-views.ts'
import type { ToolDetail } from '../../protocols/describe-tools.ts'

const tables = suite('tables of tools')
const NAMES = 'vmstat iostat sar mpstat perf pidstat proc-interrupts proc-vmstat turbostat'.split(' ')
const why = 'turbostat: not found on PATH; install the package linux-cpupower (Fedora: kernel-tools)'

const findings = (members: string[]): Finding[] =>
  members.flatMap(member =>
    NAMES.map((tool): Finding => {
      if (tool === 'turbostat') return { member, tool, state: 'missing', reason: why }
      if (tool === 'perf') return { member, tool, state: 'degraded', reason: 'perf: perf_event_open is refused here' }
      return { member, tool, state: 'usable' }
    })
  )

tables('a check of many tools is a line a tool at 80 columns, and each reason once', () => {
  const text = formatFindings(NAMES, findings(['a', 'b', 'c']), 80)
  assert.ok(text.split('\n').every(line => line.length <= 80))
  assert.match(text, /^TOOL +USABLE +DEGRADED +MISSING\nvmstat +3 of 3 +- +-\n/)
  assert.match(text, /^turbostat +0 of 3 +- +3$/m)
  assert.match(text, /^a, b, c: perf is degraded: perf_event_open is refused here$/m)
  assert.match(text, /^a, b, c: turbostat is missing: not found on PATH; install the package\n {4}linux-cpupower/m)
})

tables('a check of few tools is a line a member', () => {
  const few = findings(['a', 'b']).filter(({ tool }) => ['sar', 'perf'].includes(tool))
  assert.is(
    formatFindings(['sar', 'perf'], few, 80),
    'MEMBER  sar     perf\na       usable  degraded\nb       usable  degraded\n\na, b: perf is degraded: perf_event_open is refused here'
  )
})

tables('tools are a line each, their reasons below it, at 80 columns', () => {
  const tool = (name: string, reason?: string) => ({
    ...{ tool: name, usable: reason == null, reason: reason && `${name}: ${reason}` },
    summary: `${name} says much of the whole machine, of its processors and of all that it has`
  })
  const answers: ToolsOfMember[] = [
    { name: 'a', tools: NAMES.map(name => tool(name)), damaged: [] },
    {
      name: 'b',
      tools: NAMES.map(name => tool(name, 'not found on PATH; install it')),
      damaged: [{ why: 'tools.d/- .toml: no name' }]
    }
  ]
  const text = formatTools(answers, 80)
  assert.ok(
    text.split('\n').every(line => line.length <= 80),
    text
  )
  assert.match(text, /^vmstat +1 of 2 {2}vmstat says much .*\n {25}\S.*\n {4}b: not found on PATH; install it\n/m)
  assert.match(text, /\n\nb: tools\.d\/- \.toml: no name$/)
})

const detail: ToolDetail = {
  ...{ lifetime: 'persistent', either: true, needs: { privilege: 'root' }, stop: 'SIGTERM', on_end: 'restart' },
  settings: [{ name: 'file', type: 'string', required: true, summary: 'which' }],
  ...{ no_words: 'it runs no program', files: [{ name: 'x.csv', what: 'a row each' }] }
}

tables('a tool that members have in different ways is shown in each', () => {
  const tool = { tool: 'x', usable: true, summary: 'mine', owners: true, detail }
  const other = {
    ...tool,
    usable: false,
    summary: 'another',
    reason: 'x: needs root',
    detail: { ...detail, settings: [] }
  }
  const text = formatTool(
    [
      { name: 'a', tools: [tool], damaged: [] },
      { name: 'b', tools: [other], damaged: [] },
      { name: 'c', tools: [tool], damaged: [] },
      { name: 'd', tools: [], damaged: [], error: 'lost' }
    ],
    80
  )
  for (const line of [
    'as a, c have it',
    'x: mine',
    'as b have it',
    'x: another',
    'needs:             root',
    'lifetime:          persistent: from init to end, unless the run says otherwise',
    'if it ends before: restart',
    'words:             its options only: it runs no program',
    'file    string  must be given  which',
    'usable on 2 of 3',
    'b       no      -        needs root',
    'd: lost'
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
})

tables('no text of another peer makes a line wider, if its words are not', () => {
  const word = fc.stringMatching(/^[a-z]{1,20}$/)
  const sentence = fc.array(word, { minLength: 1, maxLength: 30 }).map(words => words.join(' '))
  fc.assert(
    fc.property(sentence, sentence, fc.integer({ min: 60, max: 200 }), (summary, reason, width) => {
      const answers: ToolsOfMember[] = [
        { name: 'member-a', tools: [{ tool: 'some-tool', usable: false, summary, reason }], damaged: [] }
      ]
      assert.ok(
        formatTools(answers, width)
          .split('\n')
          .every(line => line.length <= width)
      )
    })
  )
})
tables.run()
