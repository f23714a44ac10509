/** The methods that libp2p calls on a service in the course of its life. */
interface Lifecycle {
  start?(): unknown
  afterStart?(): unknown
  beforeStop?(): unknown
  stop?(): unknown
}

/** libp2p calls none of these methods unless both `start` and `stop` exist. @returns the same service, with both */
export function startable<T extends Lifecycle>(service: T): T {
  service.start ??= () => {}
  service.stop ??= () => {}
  return service
}
