/** The flame graphs of the members, one at a time. */
import { h } from './dom.ts'
import { flame } from './flame.ts'
import { treeOf } from './flame-tree.ts'
import type { Loaded } from './load.ts'

export function flames(loaded: Loaded): HTMLElement {
  const { data } = loaded
  const select = h(
    'select',
    { onchange: () => show(Number(select.value)) },
    ...data.flames.map(({ member, title }, index) =>
      h('option', { value: index }, `${data.members[member]?.name ?? ''}: ${title}`)
    )
  )
  const place = h('div')
  let resize = () => {}
  function show(index: number): void {
    const text = data.flames[index]
    if (text == null) return
    const shown = flame({ root: treeOf(loaded.text(text)), unit: text.unit })
    place.replaceChildren(shown.element)
    resize = shown.resize
    resize()
  }
  new ResizeObserver(() => resize()).observe(place)
  show(0)
  return h('div', {}, h('p', { class: 'controls' }, h('label', {}, 'Profile ', select)), place)
}
