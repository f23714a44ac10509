/** What goes out of the source when every member fetches the same file. */
import { mostTimes, unbuilt } from '../figure.ts'
import type { Part } from './part.ts'

export const stage: Part = {
  name: 'stage',
  about: 'one file to all members',
  async *measure() {
    yield* [
      unbuilt(
        'bytes out of the source for 100 MB on 16 members',
        'MB',
        'the phase stage fetches the manifest, no files',
        {
          budgets: [mostTimes(4, 'the file')]
        }
      )
    ]
  }
}
