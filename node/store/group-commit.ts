/** Group commit: work such as the fsync of a folder, done once for all callers that asked before it began. */

interface Commit {
  running: Promise<void>
  /** Begins after `running`; shared by all callers that asked in the meantime. */
  next?: Promise<void>
}

/** @returns `work`, run for each key by one caller at a time; callers that ask meanwhile share the next run */
export function groupCommit(work: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const commits = new Map<string, Commit>()
  const begin = (key: string): Promise<void> => {
    const commit: Commit = { running: work(key) }
    commits.set(key, commit)
    const onEnd = () => {
      if (commit.next == null) commits.delete(key)
    }
    commit.running.then(onEnd, onEnd)
    return commit.running
  }
  return key => {
    const commit = commits.get(key)
    if (commit == null) return begin(key)
    const beginNext = () => begin(key)
    commit.next ??= commit.running.then(beginNext, beginNext)
    return commit.next
  }
}
