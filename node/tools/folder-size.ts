/** How much is in a folder, and what stops a tool that has written all that it may. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { now } from '../now.ts'
import { MIB, reachedSize } from './size-setting.ts'
import { type RunningTool, wrapTool } from './tool.ts'

/** Between two looks: what a fast tool writes meanwhile is beyond its size. */
const LOOK_EVERY_MS = 250
/** A tool leaves a few files, in a folder or two. */
const MAX_DEPTH = 2

/** Follows no link. @returns bytes of a regular file; 0 for anything else */
export async function fileSize(path: string | Buffer): Promise<number> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isFile() ? found.size : 0
}

/** Follows no link. @returns bytes of the files, also in folders of it; what is gone meanwhile counts nothing */
export async function folderSize(folder: string, depth = 0): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const sizes = entries.map(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return depth < MAX_DEPTH ? folderSize(path, depth + 1) : 0
    return fileSize(path)
  })
  return (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0)
}

/** @param mib that it may write @returns the tool, which is stopped in order when it has written so much, with a remark that says when */
export function boundedBy(running: RunningTool, folder: string, mib: number): RunningTool {
  const began = now()
  const remarks = running.remarks ?? []
  let stopped: Promise<string[]> | undefined
  let isLooking = false
  const stop = () => {
    clearInterval(timer)
    stopped ??= running.stop()
    return stopped
  }
  const look = async () => {
    if (isLooking) return
    isLooking = true
    const bytes = await folderSize(folder)
    isLooking = false
    if (bytes < mib * MIB || stopped != null) return
    remarks.push(reachedSize(mib, now() - began))
    void stop()
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  timer.unref()
  return wrapTool(running, { remarks, stop })
}
