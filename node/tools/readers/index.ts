/** How the files of each tool are read into series: a file a tool, and its line here. */
import type { SeriesReader } from '../../series/reader.ts'

export const readers: Record<string, SeriesReader[]> = {}
