/** A flame graph: search, zoom by click or Enter, moved through with the arrow keys; of one profile or of the difference of two. */
import { h, oncePerFrame, svg } from './dom.ts'
import { baseOf, changeOf, changeStep, layOut, type Placed, pathTo, totalOf } from './flame-layout.ts'
import { type Frame, weightOf } from './flame-tree.ts'
import { percent, plain } from './units.ts'

const ROW = 17
/** Narrower frames have no words, px; a letter has about 6.2. */
const LEAST_WORDS = 26
const LETTER = 6.2

interface FlameInit {
  root: Frame
  /** Of the weights: `samples`, `ns`. */
  unit: string
  /** Both profiles are in the tree (flame-tree.ts, differenceOf): the colour says where it is more, and where less. */
  isDifference?: boolean
}

export interface Flame {
  element: HTMLElement
  /** Draws into the width that the element has now. */
  resize(): void
}

export function flame({ root, unit, isDifference = false }: FlameInit): Flame {
  let path: Frame[] = [root]
  let placed: Placed[] = []
  let focused: Frame = root
  let width = 0
  let sought = ''
  let weight = totalOf
  const said = h('p', { class: 'flame-said soft', role: 'status' })
  const found = h('span', { class: 'count' })
  const input = h('input', {
    type: 'search',
    placeholder: 'function',
    'aria-label': 'Search frames',
    spellcheck: 'false',
    oninput: oncePerFrame(search)
  })
  const reset = h('button', { onclick: () => zoom([root]) }, 'Whole')
  // what is gone has no width now, so it is seen in the widths of before
  const before = h('button', { 'aria-pressed': 'false', onclick: turn }, 'Widths as before')
  const surface = svg('svg', {
    class: isDifference ? 'flame difference' : 'flame',
    tabindex: 0,
    role: 'img',
    onkeydown: press,
    'aria-label': 'Flame graph: arrow keys move, Enter zooms, Escape goes back'
  })
  const element = h(
    'div',
    { class: 'flame-box' },
    h('p', { class: 'controls' }, input, reset, isDifference && before, found, isDifference && changeLegend()),
    h('div', { class: 'flame-frames' }, surface),
    said
  )
  const isSought = (name: string) => sought !== '' && name.toLowerCase().includes(sought)

  function draw(): void {
    if (width === 0) return
    placed = layOut(path, width, weight)
    const depth = placed.reduce((most, each) => Math.max(most, each.depth), 0) + 1
    surface.setAttribute('width', String(width))
    surface.setAttribute('height', String(depth * ROW))
    surface.replaceChildren(...placed.map(frameOf))
    mark()
  }
  function frameOf(each: Placed): SVGElement {
    const { frame, depth, x, width: wide, isAbove } = each
    const box = { x: x.toFixed(1), y: depth * ROW, width: Math.max(0.5, wide - 0.6).toFixed(1), height: ROW - 1 }
    const group = svg(
      'g',
      {
        class: `${classOf(frame)}${isAbove ? ' above' : ''}${isSought(frame.name) ? ' sought' : ''}`,
        onclick: () => zoom(pathTo(each)),
        onpointerenter: () => say(frame)
      },
      svg('rect', box)
    )
    const letters = Math.floor((wide - 6) / LETTER)
    if (wide >= LEAST_WORDS) {
      const text = frame.name.length <= letters ? frame.name : `${frame.name.slice(0, Math.max(1, letters - 1))}…`
      group.append(svg('text', { x: (x + 3).toFixed(1), y: depth * ROW + 12 }, text))
    }
    return group
  }
  function classOf(frame: Frame): string {
    if (!isDifference) return `tint-${tintOf(frame.name)}`
    const step = changeStep(changeOf(frame, root))
    return step === 0 ? 'equal' : step > 0 ? `more-${step}` : `less-${-step}`
  }
  function say(frame: Frame): void {
    const share = percent(root.total > 0 ? frame.total / root.total : 0)
    const change = changeOf(frame, root)
    const before = isDifference
      ? `, was ${percent((frame.base ?? 0) / (root.total || 1))} (${change < 0 ? '−' : '+'}${percent(Math.abs(change))})`
      : ''
    said.textContent = `${frame.name}: ${plain(frame.total)} ${unit}, ${share} of all${before}`
  }
  function zoom(to: Frame[]): void {
    path = to
    focused = to.at(-1) as Frame
    draw()
    say(focused)
  }
  function turn(): void {
    weight = weight === totalOf ? baseOf : totalOf
    before.setAttribute('aria-pressed', String(weight === baseOf))
    draw()
  }
  function search(): void {
    sought = input.value.trim().toLowerCase()
    found.textContent =
      sought === '' ? '' : `${percent(root.total > 0 ? weightOf(root, isSought) / root.total : 0)} of all`
    draw()
  }
  /** The frame that the keys are at. */
  function mark(): void {
    const index = placed.findIndex(({ frame }) => frame === focused)
    surface.querySelector('.at')?.classList.remove('at')
    surface.children[index]?.classList.add('at')
  }
  function press(event: KeyboardEvent): void {
    const at = placed.find(({ frame }) => frame === focused) ?? placed[0]
    if (at == null || event.ctrlKey || event.metaKey || event.altKey) return
    const next = moved(at, event.key, placed)
    if (event.key === 'Enter' || event.key === ' ') zoom(pathTo(at))
    else if (event.key === 'Escape') zoom([root])
    else if (next == null) return
    else {
      focused = next.frame
      mark()
      surface.querySelector('.at')?.scrollIntoView({ block: 'nearest' })
      say(focused)
    }
    event.preventDefault()
    // the arrows do not move the time of the page meanwhile
    event.stopPropagation()
  }
  return {
    element,
    resize() {
      const now = element.clientWidth
      if (now === 0 || now === width) return
      width = now
      draw()
      if (said.textContent === '') say(focused)
    }
  }
}

/** @returns the frame that an arrow key leads to; itself at an end */
function moved(at: Placed, key: string, placed: Placed[]): Placed | undefined {
  const row = (depth: number) => placed.filter(each => each.depth === depth)
  const siblings = row(at.depth)
  const place = siblings.indexOf(at)
  switch (key) {
    case 'ArrowUp':
      return at.parent ?? at
    case 'ArrowDown':
      return placed.find(each => each.parent === at) ?? at
    case 'ArrowLeft':
      return siblings[place - 1] ?? at
    case 'ArrowRight':
      return siblings[place + 1] ?? at
    default:
      return undefined
  }
}

/** The same name has the same tint, so that it is recognized elsewhere. */
function tintOf(name: string): number {
  let sum = 0
  for (let index = 0; index < name.length; index++) sum = (sum * 31 + name.charCodeAt(index)) | 0
  return Math.abs(sum) % 4
}

function changeLegend(): HTMLElement {
  const key = (kind: string) => h('i', { class: `key change ${kind}` })
  return h(
    'span',
    { class: 'keys' },
    'less ',
    ...['less-3', 'less-2', 'less-1', 'equal', 'more-1', 'more-2', 'more-3'].map(key),
    ' more'
  )
}
