/**
 * The file that a browser opens: one HTML with its script, its style and its data, which asks for nothing. The content policy names script and style by their
 * digests, so whatever a member wrote can neither run nor load anything.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Page, pageParts } from './page-parts.ts'

const compress = promisify(gzip)

interface Html {
  page: Page
  /** Of the window. */
  title: string
  /** JSON that the page draws from. */
  data: unknown
  /** Numbers and texts that `data` refers to, not yet compressed. */
  block: Uint8Array
}

export async function pageHtml({ page, title, data, block }: Html): Promise<string> {
  const [{ script, style }, packed] = await Promise.all([pageParts(page), compress(block)])
  // `</script` in a text of the script would end it
  const safe = script.replaceAll(/<(?=\/script|!--)/gi, '\\x3c')
  const policy = [
    "default-src 'none'",
    `script-src ${digestOf(safe)}`,
    `style-src ${digestOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main id="page"><noscript>This page is drawn by its own script, which this browser does not run.</noscript></main>
<script type="application/json" id="data">${escapeJson(data)}</script>
<script type="text/plain" id="block">${packed.toString('base64')}</script>
<script>${safe}</script>
</body>
</html>
`
}

/** @returns JSON that cannot end the element that it is in */
export const escapeJson = (data: unknown): string => JSON.stringify(data).replaceAll('<', '\\u003c')

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const digestOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
