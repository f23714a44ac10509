/**
 * Script and style of a page, for the browser. From source esbuild makes them on the fly; where the programs are bundled (scripts/bundle.ts)
 * this file is replaced by one that has them as text, so that nothing is beside the executable.
 */
import { fileURLToPath } from 'node:url'

/** The files of page/ that a page begins with. */
export const PAGES = { report: 'page/report.ts', compare: 'page/compare.ts' } as const
export type Page = keyof typeof PAGES

export interface PageParts {
  script: string
  style: string
}

export async function pageParts(page: Page): Promise<PageParts> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(PAGES[page], import.meta.url))],
    ...{ bundle: true, write: false, outdir: 'page', minify: true, charset: 'utf8', logLevel: 'warning' },
    ...{ platform: 'browser', format: 'iife', target: ['es2022'], legalComments: 'none' }
  })
  const textOf = (kind: string) => outputFiles.find(({ path }) => path.endsWith(kind))?.text ?? ''
  return { script: textOf('.js'), style: textOf('.css') }
}
