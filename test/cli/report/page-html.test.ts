/** The file of a page: what is in it cannot end what it is in, and the policy names exactly its script and its style. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeJson, pageHtml } from '../../../cli/report/page-html.ts'

const test = suite('the file of a page')
const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const between = (html: string, before: string, after: string) => {
  const from = html.indexOf(before) + before.length
  return html.slice(from, html.indexOf(after, from))
}

test('has its script and its style by their digests, and nothing else is allowed', async () => {
  const html = await pageHtml({
    page: 'report',
    title: 'a <b> & "c"',
    data: { text: '</script><!--' },
    block: Buffer.from('numbers')
  })
  const policy = between(html, 'Content-Security-Policy" content="', '">')
  const [script, style] = [between(html, '\n<script>', '</script>'), between(html, '<style>', '</style>')]
  assert.is(
    policy,
    `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; base-uri 'none'; form-action 'none'`
  )
  assert.ok(html.includes('<title>a &lt;b&gt; &amp; &quot;c&quot;</title>'))
  assert.is(html.match(/<\/script>/g)?.length, 3)
  assert.equal(JSON.parse(between(html, 'id="data">', '</script>')), { text: '</script><!--' })
  assert.is(gunzipSync(Buffer.from(between(html, 'id="block">', '</script>'), 'base64')).toString(), 'numbers')
  assert.not.match(html, /(src|href)=|@import|url\(/)
})

test('JSON in a page has no character that could end its element', () => {
  assert.is(escapeJson({ a: '<!--<script>' }), '{"a":"\\u003c!--\\u003cscript>"}')
})

test.run()
