/** The services by which this peer takes part in runs that others lead, in the order in which libp2p makes them. */
import { Agent } from './agent/agent.ts'
import type { AgentInit } from './agent/agent-parts.ts'
import { limitTools } from './agent/allow/allow.ts'
import { Allowance } from './agent/allow/allowance.ts'
import { Garbage } from './agent/garbage.ts'
import { GaugeHistory } from './agent/gauge-history.ts'
import { JobRecordsService } from './agent/job-records-service.ts'
import { Leftovers } from './agent/leftovers.ts'
import { MemberOutput } from './agent/member-output.ts'
import { MemberTunnels } from './agent/member-tunnels.ts'
import { OwnerHooks } from './agent/owner-hooks/owner-hooks.ts'
import { StageService } from './agent/stage-service.ts'
import { SysinfoService } from './agent/sysinfo-service.ts'
import { ToolCheck } from './agent/tool-check.ts'
import { ToolDescriptions } from './agent/tool-descriptions.ts'
import type { Artifacts } from './artifacts/artifacts.ts'
import type { Config } from './config.ts'
import type { ServiceList } from './mesh/libp2p/libp2p.ts'
import type { BoundNames } from './mesh/names/bound-names.ts'
import { checkPermission } from './mesh/permissions.ts'
import type { MeshServices } from './mesh-services.ts'
import type { Guards } from './processes/guards.ts'
import type { RunServices } from './run-services.ts'
import type { JobRecords } from './store/job-records.ts'
import type { Register } from './tools/register.ts'
import { JobService } from './work/jobs/job-service.ts'

export type AgentServices = {
  allowance: Allowance
  jobService: JobService
  agent: Agent
  memberOutput: MemberOutput
  memberTunnels: MemberTunnels
  toolCheck: ToolCheck
  sysinfoService: SysinfoService
  toolDescriptions: ToolDescriptions
  stageService: StageService
  jobRecordsService: JobRecordsService
  leftovers: Leftovers
  garbage: Garbage
  register: Register
}

export interface AgentServicesInit extends Omit<AgentInit, 'hooks' | 'gauges'> {
  config: Config
  register: Register
  guards: Guards
  artifacts: Artifacts
  jobRecords: JobRecords
  /** Whom names in the rules mean. */
  names: BoundNames
}

export function agentServices(init: AgentServicesInit): ServiceList<AgentServices, MeshServices & RunServices> {
  const { config, register, guards, home, names, catalogue } = init
  const { allow: rules, run_limits: caps } = config
  const self = init.signer.peer
  const hooks = new OwnerHooks({ ...init, folder: home.hooks, settings: config.hooks })
  return {
    allowance: c =>
      new Allowance(c, {
        ...{ self, rules, names, privileged: rules.privileged, caps, guards, file: home.config },
        artifacts: config.artifacts
      }),
    jobService: c =>
      new JobService(c, {
        ...{ log: init.log, signer: init.signer, imports: init.artifacts.imports, records: init.jobRecords },
        publish: result => c.jobIndex.publish(result),
        slots: config.slots as number,
        controllerOf: run => c.agent.member(run)?.controller
      }),
    agent: c => new Agent(c, { ...init, hooks, gauges: new GaugeHistory(home.gauges, init.log) }),
    memberOutput: c => new MemberOutput(c, { self }),
    sysinfoService: c => new SysinfoService(c, { self, home }),
    memberTunnels: c => new MemberTunnels(c, { self, log: init.log }),
    toolCheck: c => new ToolCheck(c, { self, catalogue }),
    toolDescriptions: c =>
      new ToolDescriptions(c, {
        ...{ catalogue, log: init.log },
        limit: tools => limitTools(rules, tools, home.config)
      }),
    stageService: c => new StageService(c, { self }),
    jobRecordsService: c =>
      new JobRecordsService(c, {
        ...{ self, jobRecords: init.jobRecords },
        slotUse: () => c.jobService.slotUse()
      }),
    leftovers: c => new Leftovers(c, init),
    garbage: c => new Garbage(c, { ...init, keep: config.leftovers }),
    register: c =>
      register.serve({
        ...{ streams: c.streams, catalogue },
        check: async (peer, tools) => {
          if (peer !== self) checkPermission(c.authority, peer, 'register')
          await c.allowance.check(peer, tools)
        },
        onChange: here => c.members.update({ ...here })
      })
  }
}
