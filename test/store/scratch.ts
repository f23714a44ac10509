/** Folders and disks for the tests of the store; all are gone when the process ends in order. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'

const folders: string[] = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bak-store-'))
  folders.push(folder)
  return folder
}

/** Writes files by path; a path that ends in `/` is a folder. */
export async function plant(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true })
    if (!path.endsWith('/')) await writeFile(join(root, path), content)
  }
}

/** Paths of all that is below a folder, sorted. */
export async function listAll(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof BakError ? error.code : `not a BakError: ${error}`
  }
}

/** Runs `use` with a disk of so many KiB; without permission to mount one it prints why and does nothing. */
export async function withSmallDisk(title: string, kib: number, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = scratch()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    console.log(`SKIP ${title}: no right to mount a small disk (${String((error as Error).message).split('\n')[0]})`)
    return
  }
  try {
    await use(folder)
  } finally {
    execFileSync('umount', ['-l', folder])
  }
}
