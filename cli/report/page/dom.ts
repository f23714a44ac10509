/** Makes elements. What others wrote goes in as text or as an attribute that is no address and no script; nothing is parsed as HTML. */

export type Child = Node | string | number | undefined | false
type Value = string | number | boolean | undefined
type Listener = (event: never) => void
type Attributes = Record<string, Value | Listener>

const SVG = 'http://www.w3.org/2000/svg'

/** @param attributes with `on...` a listener; false and undefined are left out, true is an attribute without a value */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  fill(element, attributes, children)
  return element
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag)
  fill(element, attributes, children)
  return element
}

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value != null && value !== false) element.setAttribute(name, String(value))
  }
  append(element, children)
}

export function append(element: Element, children: Child[]): void {
  for (const child of children)
    if (child != null && child !== false) element.append(child instanceof Node ? child : String(child))
}

interface Caption {
  title: string
  note?: string | undefined
  /** As wide as the page. */
  wide?: boolean | undefined
}

/** @param more behind the title, such as what the colours mean */
export function plotFigure({ title, note, wide }: Caption, body: HTMLElement, ...more: Child[]): HTMLElement {
  const said = note != null && h('span', { class: 'soft' }, ` ${note}`)
  const caption = h('figcaption', {}, h('b', {}, title), said, ...more)
  return h('figure', { class: wide ? 'plot wide-plot' : 'plot' }, caption, body)
}

/** A variable alone has the colours of both, `light-dark(a, b)`: an element that uses it has one. */
let probe: HTMLElement | undefined

/** @param name of a colour of the style sheet @returns it as it is now: in dark or in light */
export function colourOf(name: string): string {
  if (!probe?.isConnected) probe = document.body.appendChild(h('i', { hidden: '' }))
  probe.style.color = `var(${name})`
  return getComputedStyle(probe).color
}

/** Calls once in the next frame, however often it is asked before. */
export function oncePerFrame(act: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      act()
    })
  }
}
