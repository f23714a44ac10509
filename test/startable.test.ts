import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startable } from '../node/startable.ts'

const services = suite('startable')

services('gives a service the methods that it lacks', () => {
  const service: { start?(): unknown; stop?(): unknown; afterStart(): void } = { afterStart() {} }
  assert.is(startable(service), service)
  assert.type(service.start, 'function')
  assert.type(service.stop, 'function')
})

services('keeps the methods that a service has', () => {
  const start = () => {}
  const stop = () => {}
  assert.equal(startable({ start, stop }), { start, stop })
})

services.run()
