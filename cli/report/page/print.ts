/** On paper the page is light, and as wide as a sheet that lies on its side. */

import { tellTheme } from './theme.ts'

/** @param act draws again, in the width and the colours of paper, and when the page is back on the screen */
export function onPrint(act: () => void): void {
  const root = document.documentElement
  let theme: string | undefined
  window.addEventListener('beforeprint', () => {
    theme = root.dataset.theme
    root.dataset.theme = 'light'
    root.classList.add('paper')
    act()
    tellTheme()
  })
  window.addEventListener('afterprint', () => {
    if (theme == null) delete root.dataset.theme
    else root.dataset.theme = theme
    root.classList.remove('paper')
    act()
    tellTheme()
  })
}
