/** A list in a line of text: its first items, and how many more there are. */

/** @returns `a, b and 3 more` */
export function listInWords(items: string[], most: number): string {
  const more = items.length > most ? ` and ${items.length - most} more` : ''
  return `${items.slice(0, most).join(', ')}${more}`
}
