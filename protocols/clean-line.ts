/** Text of another peer as one line of a terminal. */

/** What a terminal obeys instead of showing it: control characters, ends of lines, marks that change the direction of text. */
export const OBEYED = '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069'
const obeyed = new RegExp(`[${OBEYED}]+`, 'g')

/** Replaces what a terminal obeys: text of another peer must not control it. */
export const cleanLine = (text: string) => text.replace(obeyed, ' ')

/** @returns JSON that means the same, with what a terminal obeys as `\u009b` */
export const cleanJson = (json: string) =>
  json.replace(obeyed, found =>
    [...found].map(each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  )
