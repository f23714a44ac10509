/** What goes out of the source when every member fetches the same file. */
import { type Figure, mostTimes, unbuilt } from '../figure.ts'

export async function* measure(): AsyncGenerator<Figure> {
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
