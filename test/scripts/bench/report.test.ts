import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK, figure, leastTimes, most, mostTimes, round, verdicts } from '../../../scripts/bench/figure.ts'
import { inJson, inMarkdown, inText } from '../../../scripts/bench/report.ts'

const report = suite('what a bench says')
const outcomes = [
  { name: BAK, samples: { took: [30, 10, 20] } },
  { name: 'sink', samples: { took: [10, 10] } },
  { name: 'star', absent: 'no such program' }
]

report('a budget beside another is met, missed, or cannot be said where that one is absent', () => {
  const budgets = [
    most(20, 'ms'),
    mostTimes(1, 'sink'),
    mostTimes(2, 'sink'),
    leastTimes(3, 'sink'),
    mostTimes(1, 'star')
  ]
  assert.equal(
    verdicts(figure('phase', 'ms', 'took', outcomes, { budgets })).map(({ says, verdict }) => `${says} ${verdict}`),
    ['<= 20 ms met', '<= sink missed', '<= 2 x sink met', '>= 3 x sink missed', '<= star unknown']
  )
})

report('each line says median, spread and ratio, or why there is none', () => {
  const text = inText(figure('phase', 'ms', 'took', outcomes, { budgets: [most(5, 'ms')], note: 'quiet' }))
  assert.is(
    text.replace(/ +/g, ' '),
    [
      'phase, ms',
      ' bak 20 10 to 30 (3)',
      ' sink 10 10 to 10 (2) 2 x',
      ' star - absent: no such program',
      ' budget <= 5 ms: missed',
      ' quiet',
      ''
    ].join('\n')
  )
})

report('as Markdown it is one table, and notes below it', () => {
  const text = inMarkdown([{ part: 'phase', took: 1, figures: [figure('a|b', 'ms', 'took', outcomes, { note: 'n' })] }])
  assert.match(text, /^\| what \| of \| median \| spread \| bak is \| budget \|\n\| --- /)
  assert.match(text, /\n\| a\\\|b, ms \| bak \| 20 \| 10 to 30 \(3\) \| {2}\| {2}\|\n/)
  assert.match(text, /\n- a\|b: n\.\n/)
})

report('as JSON it has every repetition', () => {
  const json = JSON.parse(
    inJson([{ part: 'phase', took: 2, figures: [figure('x', 'ms', 'took', outcomes)] }], { a: 1 })
  )
  assert.is(json.a, 1)
  assert.equal(json.parts[0].figures[0].entries[1], {
    ...{ name: 'sink', median: 10, low: 10, high: 10, count: 2 },
    ...{ ratio: 2, samples: [10, 10] }
  })
  assert.equal(json.parts[0].figures[0].entries[2], { name: 'star', absent: 'no such program' })
})

report('numbers are rounded to three digits', () => {
  for (const [value, text] of [
    [0, '0'],
    [1234.5, '1235'],
    [12.345, '12.3'],
    [1, '1'],
    [0.0667, '0.0667'],
    [0.1, '0.1'],
    [-2.5, '-2.5']
  ] as const) {
    assert.is(round(value), text)
  }
})

report.run()
