/** Dark or light: as the system has it, until the button is used. */
import { h } from './dom.ts'
import { Listeners } from './listeners.ts'

const changed = new Listeners<void>()
const dark = matchMedia('(prefers-color-scheme: dark)')

/** Called when colours have changed; what is drawn on a canvas is drawn again. */
export function onTheme(act: () => void, signal?: AbortSignal): void {
  changed.add(act, signal)
}

/** What is drawn on a canvas has to be told. */
export const tellTheme = (): void => changed.tell()
dark.addEventListener('change', tellTheme)

export function themeButton(): HTMLElement {
  const root = document.documentElement
  const isDark = () => (root.dataset.theme == null ? dark.matches : root.dataset.theme === 'dark')
  const button = h('button', { class: 'theme', onclick: change })
  const label = () => {
    button.textContent = isDark() ? 'Light' : 'Dark'
  }
  function change(): void {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    label()
    tellTheme()
  }
  dark.addEventListener('change', label)
  label()
  return button
}
