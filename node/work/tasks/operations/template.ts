/** Texts of an operation that differ from one request to the next. Pure. */

/** What stands for a placeholder: `{client}`, `{clients}` and `{request}`; any other brace is itself. */
export interface PlaceholderValues {
  /** Index of the client among those of its task, and their number. */
  client: number
  clients: number
  /** Requests that this client has sent before. */
  request: number
}

const PLACEHOLDER = /\{(client|clients|request)\}/

export type Template = (values: PlaceholderValues) => string

/** @returns the text itself where nothing in it varies, so that it is not made anew for each request */
export function templateOf(text: string): string | Template {
  // the placeholders are the odd ones
  const parts = text.split(PLACEHOLDER)
  if (parts.length === 1) return text
  return values => {
    let filled = parts[0] as string
    for (let i = 1; i < parts.length; i += 2)
      filled += values[parts[i] as keyof PlaceholderValues] + (parts[i + 1] as string)
    return filled
  }
}

export const filled = (template: string | Template, values: PlaceholderValues): string =>
  typeof template === 'string' ? template : template(values)
