import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { needs, skipWhere } from '../../../helpers/skip.ts'
import { failures, outcomes, runner } from './requesters.ts'

const https = suite('targets with https')
const withOpenssl = skipWhere(needs('openssl'), https)

withOpenssl(
  'a certificate that nobody trusts is an error of its kind, unless certificates are not verified',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bak-https-'))
    const [key, cert] = ['key', 'cert'].map(name => join(folder, name)) as [string, string]
    const words = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost']
    execFileSync('openssl', ['req', '-x509', ...words, '-days', '2', '-keyout', key, '-out', cert], { stdio: 'ignore' })
    let connections = 0
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) =>
      response.setHeader('server', `odd/${request.httpVersion}`).end('ok')
    )
    server.on('secureConnection', () => connections++).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `https://localhost:${(server.address() as { port: number }).port}/`
    try {
      const [refused] = await outcomes({ type: 'http', url }, 1)
      assert.is(refused?.failed, 'DEPTH_ZERO_SELF_SIGNED_CERT')
      assert.is(refused?.isNetwork, false)
      const unverified = { type: 'http', url, verify_certificate: false } as const
      connections = 0
      assert.equal(failures(await outcomes(unverified, 3)), [undefined, undefined, undefined])
      assert.is(connections, 1)
      const strict = (await runner({ type: 'http', url })).probe?.(AbortSignal.timeout(300))
      assert.match(String(await strict?.catch(cause => cause.message)), /\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/)
      assert.equal(await (await runner(unverified)).probe?.(AbortSignal.timeout(10_000)), [
        { target: url.slice(0, -1), server: 'odd/1.1' }
      ])
    } finally {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true })
    }
  }
)

https.run()
