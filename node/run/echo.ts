/** Says back to other peers what they say, so that they know whether the way here and back carries what a run needs. */
import { type Echoed, echoProtocol } from '../../protocols/echo.ts'
import type { Streams } from '../mesh/streams.ts'

export class Echo {
  readonly #streams: Streams

  constructor(components: { streams: Streams }) {
    this.#streams = components.streams
  }

  async start(): Promise<void> {
    await this.#streams.serve(echoProtocol, answerEcho)
  }

  async stop(): Promise<void> {
    await this.#streams.unserve(echoProtocol)
  }
}

export async function* answerEcho({ bytes }: Echoed): AsyncGenerator<Echoed> {
  yield { bytes }
}
