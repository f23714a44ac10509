/** All that handlers of control calls use. */
import type { Libp2p } from '@libp2p/interface'
import type { SettingInForce } from '../protocols/control.ts'
import type { AgentServices } from './agent-services.ts'
import type { Artifacts } from './artifacts/artifacts.ts'
import type { Identity } from './key-file.ts'
import type { Log } from './log.ts'
import type { MeshFile } from './mesh-file.ts'
import type { MeshServices } from './mesh-services.ts'
import type { Guards } from './processes/guards.ts'
import type { Supervisor } from './processes/supervisor.ts'
import type { RunServices } from './run-services.ts'
import type { Home } from './store/home.ts'
import type { JobRecords } from './store/job-records.ts'

export type Services = MeshServices & RunServices & AgentServices

export interface Parts extends Services {
  home: Home
  log: Log
  identity: Identity
  mesh: MeshFile
  started: number
  settings: SettingInForce[]
  network: Libp2p
  guards: Guards
  supervisor: Supervisor
  artifacts: Artifacts
  jobRecords: JobRecords
  addresses(): string[]
  onStop(): void
}
