/** A chart as SVG, both axes logarithmic: measured points, and lines of what a model says. */

export interface Series {
  name: string
  color: string
  /** Points were measured, lines were simulated. */
  drawn: 'points' | 'line'
  values: Array<{ x: number; y: number }>
}

export interface Chart {
  title: string
  /** Below the picture. */
  subtitle: string
  x: string
  y: string
  series: Series[]
}

const WIDTH = 800
const HEIGHT = 460
const FRAME = { left: 70, right: 280, top: 46, bottom: 76 }
const INK = '#333333'

export function draw({ title, subtitle, x, y, series }: Chart): string {
  const all = series.flatMap(({ values }) => values)
  const across = axis(
    all.map(value => value.x),
    FRAME.left,
    WIDTH - FRAME.right
  )
  const up = axis(
    all.map(value => value.y),
    HEIGHT - FRAME.bottom,
    FRAME.top
  )
  const [left, right] = [FRAME.left, WIDTH - FRAME.right]
  const [top, bottom] = [FRAME.top, HEIGHT - FRAME.bottom]
  const grid = [
    ...across.marks.map(mark => line(across.at(mark), top, across.at(mark), bottom)),
    ...up.marks.map(mark => line(left, up.at(mark), right, up.at(mark)))
  ]
  const marks = [
    ...across.marks.map(mark => text(across.at(mark), bottom + 16, number(mark), 'middle')),
    ...up.marks.map(mark => text(left - 8, up.at(mark) + 4, number(mark), 'end'))
  ]
  const words = [
    text(left, 24, title, 'start', 15),
    text((left + right) / 2, bottom + 38, x, 'middle'),
    `<g transform="rotate(-90 18 ${(top + bottom) / 2})">${text(18, (top + bottom) / 2, y, 'middle')}</g>`,
    text(left, HEIGHT - 12, subtitle, 'start', 11)
  ]
  const drawn = series.map((each, i) => [
    shape(each, value => `${fixed(across.at(value.x))},${fixed(up.at(value.y))}`),
    legend(each, right + 18, top + 10 + i * 22)
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...[...grid, ...marks, ...words, ...drawn.flat()],
    '</svg>',
    ''
  ].join('\n')
}

/** @returns where a value lies between two ends, and the powers of ten to mark */
function axis(values: number[], from: number, to: number): { at(value: number): number; marks: number[] } {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    at: value => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    marks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  }
}

function shape({ drawn, color, values }: Series, place: (value: { x: number; y: number }) => string): string {
  if (drawn === 'line') {
    return `<polyline fill="none" stroke="${color}" stroke-width="1.8" points="${values.map(place).join(' ')}"/>`
  }
  return values
    .map(value => {
      const [cx, cy] = place(value).split(',')
      return `<circle cx="${cx}" cy="${cy}" r="4" fill="${color}"/>`
    })
    .join('')
}

function legend({ name, color, drawn }: Series, x: number, y: number): string {
  const sign =
    drawn === 'line'
      ? `<line x1="${x}" y1="${y}" x2="${x + 18}" y2="${y}" stroke="${color}" stroke-width="1.8"/>`
      : `<circle cx="${x + 9}" cy="${y}" r="4" fill="${color}"/>`
  return sign + text(x + 26, y + 4, name, 'start')
}

const line = (x1: number, y1: number, x2: number, y2: number) =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="#dddddd"/>`

const text = (x: number, y: number, words: string, anchor: string, size = 12) =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" font-size="${size}" fill="${INK}">${escapeXml(words)}</text>`

const fixed = (value: number) => String(Math.round(value * 10) / 10)
const number = (value: number) => (value >= 1 ? value.toLocaleString('en') : String(value))
const escapeXml = (words: string) =>
  words.replace(/[&<>]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter] as string)
