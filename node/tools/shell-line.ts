/** Finds the program that a command of a tool runs: many are one line for the shell, as `--tool` makes them. Pure. */

/** Words that a shell runs itself, or that begin a construct of its language. */
const OF_SHELL = new Set(
  (
    '. : [ alias bg break case cd command continue echo eval exit export false fg for getopts hash if jobs kill printf pwd ' +
    'read readonly return set shift test times trap true type ulimit umask unalias unset until wait while { ! [[ function'
  ).split(' ')
)

/** @returns the program by name or path; undefined where only the shell itself can tell */
export function programOf([program, flag, line]: string[]): string | undefined {
  if (!isShell(program) || flag !== '-c' || line == null) return program
  const words = line.trim().split(/\s+/)
  // a path of its own, or a function
  if (/^(\w+=\S*\s+)*PATH=/.test(line.trim()) || words[1]?.startsWith('(')) return undefined
  // NAME=value words stand before a program; exec and exec's kin run the next word
  const first = words.find(word => !/^[A-Za-z_]\w*=/.test(word) && word !== 'exec')
  if (first == null || OF_SHELL.has(first)) return undefined
  // quotes, variables, lists and redirections are the shell's
  const plain = first.replace(/;$/, '')
  return /^[\w@%+:,./-]+$/.test(plain) ? plain : undefined
}

const isShell = (program = '') => /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|bash|dash)$/.test(program)
