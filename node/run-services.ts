/** The services by which this peer leads runs and keeps their results, in the order in which libp2p makes them. */
import { echoProtocol } from '../protocols/echo.ts'
import { Content } from './artifacts/content.ts'
import { Swarms } from './artifacts/swarm/swarms.ts'
import { RunStreamServer } from './channels/run-stream-server.ts'
import type { ServiceList } from './mesh/libp2p/libp2p.ts'
import type { MeshServices, Serving } from './mesh-services.ts'
import { CertificateReplicas } from './run/certificate-replicas.ts'
import { Collect, type CollectInit } from './run/collect.ts'
import { Coordinator, type CoordinatorInit } from './run/coordinator.ts'
import { JobIndex, type JobIndexInit } from './run/job-index.ts'
import { LoadStreamServer } from './run/load/load-stream-server.ts'
import { Mover, type MoverInit } from './run/mover.ts'
import { AfterRun } from './run/moving/after-run.ts'
import { answerEcho } from './run/preflight.ts'
import { Receiver, type ReceiverInit } from './run/receiver.ts'
import { RunService } from './run/run-service.ts'

export type RunServices = {
  content: Content
  swarms: Swarms
  replicas: CertificateReplicas
  echo: Serving
  runStreams: RunStreamServer
  loadStreams: LoadStreamServer
  receiver: Receiver
  coordinator: Coordinator
  mover: Mover
  afterRun: AfterRun
  runService: RunService
  collect: Collect
  jobIndex: JobIndex
}

export function runServices(
  init: CoordinatorInit & ReceiverInit & MoverInit & CollectInit & JobIndexInit
): ServiceList<RunServices, MeshServices> {
  return {
    content: c => new Content(c),
    swarms: c => new Swarms(c, { log: init.log, self: init.signer.peer, store: init.artifacts.store }),
    replicas: c => new CertificateReplicas(c, { log: init.log, self: init.signer.peer }),
    echo: c => ({ start: () => c.streams.serve(echoProtocol, answerEcho) }),
    runStreams: c => new RunStreamServer(c, init),
    loadStreams: c => new LoadStreamServer(c, init),
    receiver: c => new Receiver(c, init),
    coordinator: c => new Coordinator(c, init),
    mover: c => new Mover(c, init),
    afterRun: c => new AfterRun(c, init),
    runService: c => new RunService(c, init),
    collect: c => new Collect(c, init),
    jobIndex: c => new JobIndex(c, init)
  }
}
