/** The file of the tool `disk`: room of file systems. */
import { type Column, csvFile, rowsAbout } from './csv-file.ts'

const COLUMNS: Record<string, Column> = {
  size: { metric: 'filesystem.size', unit: 'B' },
  used: { metric: 'filesystem.used', unit: 'B' },
  available: { metric: 'filesystem.available', unit: 'B' },
  files: { metric: 'filesystem.files', unit: '' },
  files_free: { metric: 'filesystem.files_free', unit: '' }
}

export const disk = [
  csvFile('disk.csv', (names, sink) => rowsAbout({ mount: 'mount' }, name => COLUMNS[name], names, sink))
]
