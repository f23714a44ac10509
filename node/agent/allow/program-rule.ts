/** Which programs a run may start: `allow.exec`, and of its words the paths. Pure but for links on the disk, which are given. */
import { isAbsolute, join } from 'node:path'
import { globOf } from '../../../protocols/glob.ts'
import { pathsIn } from './path-words.ts'
import { type InspectPath, isInside, realPath } from './real-path.ts'
import { runBy } from './runners.ts'

/** Longest path in Linux; path_resolution(7). */
const MAX_PATH_LENGTH = 4096
/** Programs that run programs that run programs. */
const MAX_DEPTH = 8

export interface Disk {
  inspect?: InspectPath
  /** @returns the path of the program with this name on the PATH */
  find(name: string): Promise<string | undefined>
}

export type Patterns = boolean | string[]

/** @param argv all words @param what it is, in words @returns why not; undefined if it may */
export async function refuseProgram(
  { exec, paths }: { exec: Patterns; paths: Patterns },
  argv: string[],
  what: string,
  disk: Disk
): Promise<{ rule: 'exec' | 'paths'; why: string } | undefined> {
  const inner = wordsOfShell(argv)
  const words = inner ?? argv
  const refused = await refuseExec(exec, { argv, words }, what, disk)
  if (refused != null) return { rule: 'exec', why: refused }
  const [program = '', ...others] = words
  const named = [...(program.includes('/') ? [program] : []), ...others.flatMap(pathsIn)]
  for (const path of named) {
    if (await isAllowedPath(paths, path, disk)) continue
    return {
      rule: 'paths',
      why: `has no folder with ${shortened(path)}, ${path === program ? what : `a word of ${what}`}`
    }
  }
  return undefined
}

async function refuseExec(
  exec: Patterns,
  { argv, words }: { argv: string[]; words: string[] },
  what: string,
  disk: Disk
): Promise<string | undefined> {
  if (typeof exec === 'boolean') return exec ? undefined : `does not name ${shortened(words[0] ?? '')}, ${what}`
  let refused: string | undefined
  // a line for the shell may be allowed as the shell, or as the program that it is
  for (const each of words === argv ? [argv] : [argv, words]) {
    refused = await refuseListed(exec, each, what, disk)
    if (refused == null) return undefined
  }
  return refused
}

/** The program is named, and so is what it runs; or all of its words are. */
async function refuseListed(
  exec: string[],
  argv: string[],
  what: string,
  disk: Disk,
  depth = 0
): Promise<string | undefined> {
  if (await isPinned(exec, argv, disk)) return undefined
  const program = argv[0] ?? ''
  if (!(await isListedProgram(exec, program, disk))) {
    const others = (await isListedProgram(exec.map(programOfEntry), program, disk)) ? ' with these words' : ''
    return `does not name ${shortened(program)}${others}, ${what}`
  }
  const inner = runBy(argv)
  if (inner == null) return undefined
  if (inner === 'unknown' || depth >= MAX_DEPTH) {
    return `names ${shortened(program)}, which runs other programs: it must be true, or have all words of ${what}`
  }
  return refuseListed(exec, inner.argv, what, disk, depth + 1)
}

const programOfEntry = (entry: string) => entry.trim().split(' ')[0] as string

/** @returns whether a program, by name or path, fits one of the patterns */
export async function isListedProgram(patterns: string[], program: string, disk: Disk): Promise<boolean> {
  if (program.length > MAX_PATH_LENGTH) return false
  const path = program.includes('/') ? program : await disk.find(program)
  const place = path && (await placeOf(path, disk.inspect))
  const name = program.slice(program.lastIndexOf('/') + 1)
  for (const pattern of patterns) {
    if (pattern.includes('/')) {
      const wanted = await placeOf(pattern, disk.inspect, pattern.indexOf('*'))
      if (place != null && wanted != null && globOf(wanted)(place)) return true
    } else if (globOf(pattern)(name)) {
      // a name means the program on the PATH, not one of that name in another folder
      if (program === name) return true
      const found = await disk.find(name)
      if (found != null && place != null && (await placeOf(found, disk.inspect)) === place) return true
    }
  }
  return false
}

/** @returns whether an entry with arguments has these words, one by one */
export async function isPinned(patterns: string[], argv: string[], disk: Disk): Promise<boolean> {
  for (const pattern of patterns) {
    const [program = '', ...words] = pattern.split(' ').filter(word => word !== '')
    if (words.length === 0 || words.length !== argv.length - 1) continue
    if (!words.every((word, i) => globOf(word)(argv[i + 1] as string))) continue
    if (await isListedProgram([program], argv[0] ?? '', disk)) return true
  }
  return false
}

/** @returns whether all that a program of a run is, or runs, is named as one that may run as the daemon does */
export async function isPrivileged(privileged: string[], argv: string[], disk: Disk): Promise<boolean> {
  if (privileged.length === 0) return false
  return (await refuseListed(privileged, wordsOfShell(argv) ?? argv, 'it', disk)) == null
}

export async function isAllowedPath(paths: Patterns, path: string, { inspect }: Disk): Promise<boolean> {
  return paths === true || isInside(path, paths === false ? [] : paths, inspect)
}

/**
 * Resolves the folder, and keeps the last name: a link to a program was created by the owner of the folder, and some programs
 * act by the name under which they are called.
 *
 * @param stars index of the first star of a pattern; the part before it is a path
 */
async function placeOf(path: string, inspect?: InspectPath, stars = -1): Promise<string | undefined> {
  if (!isAbsolute(path) || path.split('/').includes('..')) return undefined
  const end = path.lastIndexOf('/', stars < 0 ? path.length : stars)
  const folder = await realPath(path.slice(0, end + 1), inspect)
  return folder && join(folder, path.slice(end + 1))
}

/** @returns the words of a command line for `/bin/sh -c` without characters that are special to a shell, as `--tool` makes them */
function wordsOfShell([shell, flag, line, ...more]: string[]): string[] | undefined {
  if (shell !== '/bin/sh' || flag !== '-c' || line == null || more.length > 0) return undefined
  if (!/^[\w@%+=:,./ -]+$/.test(line)) return undefined
  const words = line.split(' ').filter(word => word !== '')
  // NAME=value before a program could change what runs
  return words[0] == null || words[0].includes('=') ? undefined : words
}

export const shortened = (word: string) => (word.length > 100 ? `${word.slice(0, 100)}...` : word)
