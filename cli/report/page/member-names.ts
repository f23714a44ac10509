/** Names of members where there is little room: without the domain that all of them share. */

/** @returns as many names, each still unlike the others */
export function shortNames(names: string[]): string[] {
  const [first = '', ...others] = names
  if (others.length === 0) return names
  // from a dot to the end: `.eu-west-1.example.net`
  for (let dot = first.indexOf('.', 1); dot > 0; dot = first.indexOf('.', dot + 1)) {
    const shared = first.slice(dot)
    if (others.every(name => name.length > shared.length && name.endsWith(shared))) {
      return names.map(name => name.slice(0, -shared.length))
    }
  }
  return names
}
