/** Files to be carried. */
import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

const MIB = 2 ** 20

/** Every user may read it. @param piece gives a MiB at a time @returns the path */
export async function fill(path: string, mib: number, piece: () => Buffer): Promise<string> {
  await using file = await open(path, 'w', 0o644)
  for (let i = 0; i < mib; i++) await file.write(piece())
  return path
}

/** For daemons whose tools read files of the bench: what a run brings sees no other of those in /tmp. @param folder of one mesh */
export const lendingFiles = (folder: string) => ['--allow-paths', dirname(folder)]

/** A tool whose output is a copy of the file: as what a run brings it runs as another user, whose files alone are taken. */
export const bringing = (file: string) => ({
  command: ['sh', '-c', 'cp "$0" blob && echo there && exec sleep 600', file],
  ready_after: 60
})

/** What no compression makes less. */
export const noise = () => randomBytes(MIB)

/** Columns of vmstat, widths of its own, each with a value that it stays near on a machine that is at work. */
const COLUMNS: Array<[width: number, near: number]> = [
  [2, 2],
  [3, 0],
  [7, 0],
  [7, 812_340],
  [7, 21_456],
  [8, 2_345_678],
  [5, 0],
  [5, 0],
  [6, 120],
  [6, 340],
  [5, 2_100],
  [6, 4_300],
  [3, 21],
  [3, 6],
  [3, 72],
  [3, 1],
  [3, 0]
]

/** A MiB of lines as vmstat prints them. */
export function vmstatLines(): Buffer {
  const near = (value: number) => Math.round(value * (0.95 + Math.random() / 10))
  const line = () => COLUMNS.map(([width, value]) => String(near(value)).padStart(width)).join('')
  const lines: string[] = []
  for (let bytes = 0; bytes < MIB; bytes += (lines.at(-1) as string).length + 1) lines.push(line())
  return Buffer.from(lines.join('\n')).subarray(0, MIB)
}
