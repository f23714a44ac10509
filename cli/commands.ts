/** The commands of `bak`, in the order of its help. The file of a command is loaded when the command is called. */
import type { Command } from 'commander'

export interface CommandEntry {
  name: string
  summary: string
  /** Its file sets the arguments, flags, examples and action. */
  load: () => Promise<{ define(command: Command): void }>
}

export const commands: CommandEntry[] = [
  { name: 'status', summary: "the daemon's state in a few lines", load: () => import('./commands/status.ts') },
  { name: 'info', summary: 'everything about this peer', load: () => import('./commands/info.ts') },
  { name: 'members', summary: 'the peers of the mesh', load: () => import('./commands/members.ts') },
  {
    name: 'reachability',
    summary: 'the path to each other peer, measured',
    load: () => import('./commands/reachability.ts')
  },
  { name: 'topo', summary: 'the connections between all peers', load: () => import('./commands/topo.ts') },
  {
    name: 'tools',
    summary: 'the tools that each member has, and the registered ones',
    load: () => import('./commands/tools.ts')
  },
  {
    name: 'check',
    summary: 'whether the members can run these tools, and are fit to measure',
    load: () => import('./commands/check.ts')
  },
  {
    name: 'sysinfo',
    summary: 'what the machines are, and in what they differ',
    load: () => import('./commands/sysinfo.ts')
  },
  { name: 'run', summary: 'start a run and follow it to its end', load: () => import('./commands/run.ts') },
  {
    name: 'job',
    summary: 'jobs: their graph, and what became of them',
    load: () => import('./commands/job.ts')
  },
  {
    name: 'allocation',
    summary: 'which client of tasks does what, and on which member',
    load: () => import('./commands/allocation.ts')
  },
  { name: 'exec', summary: 'run a command on members once', load: () => import('./commands/exec.ts') },
  {
    name: 'artifact',
    summary: 'what jobs made: find it, get it, keep it under a name',
    load: () => import('./commands/artifact.ts')
  },
  {
    name: 'stage',
    summary: 'store files on members, for runs to come',
    load: () => import('./commands/stage.ts')
  },
  {
    name: 'forward',
    summary: 'reach a port of a member from this machine',
    load: () => import('./commands/forward.ts')
  },
  { name: 'ps', summary: 'the runs in progress anywhere in the mesh', load: () => import('./commands/ps.ts') },
  { name: 'attach', summary: 'follow a run from its beginning', load: () => import('./commands/attach.ts') },
  { name: 'logs', summary: 'the output of workloads', load: () => import('./commands/logs.ts') },
  { name: 'cancel', summary: 'end a run early, in order', load: () => import('./commands/cancel.ts') },
  { name: 'resume', summary: 'go on where a run was cut short', load: () => import('./commands/resume.ts') },
  { name: 'ls', summary: 'the runs whose results are here', load: () => import('./commands/ls.ts') },
  { name: 'show', summary: 'what is known of a run', load: () => import('./commands/show.ts') },
  {
    name: 'metrics',
    summary: 'what the workload and the tools of a run measured',
    load: () => import('./commands/metrics.ts')
  },
  {
    name: 'export',
    summary: 'the series of a run as Parquet, CSV, JSON, OpenMetrics or files of pbench',
    load: () => import('./commands/export.ts')
  },
  { name: 'verify', summary: 'prove that a result is as it was signed', load: () => import('./commands/verify.ts') },
  {
    name: 'report',
    summary: 'one page that tells a run, or what Prometheus kept of it',
    load: () => import('./commands/report.ts')
  },
  {
    name: 'compare',
    summary: 'whether samples differ, by how much, how sure that is',
    load: () => import('./commands/compare.ts')
  },
  { name: 'collect', summary: 'fetch the data that members still have', load: () => import('./commands/collect.ts') },
  { name: 'move', summary: 'move results to another place', load: () => import('./commands/move.ts') },
  { name: 'copy', summary: 'copy results to another place', load: () => import('./commands/copy.ts') },
  { name: 'tag', summary: 'give a result tags beside its seal', load: () => import('./commands/tag.ts') },
  { name: 'rm', summary: 'delete results that are here', load: () => import('./commands/rm.ts') },
  { name: 'gc', summary: 'delete what is left of runs that are over', load: () => import('./commands/gc.ts') },
  {
    name: 'barrier',
    summary: 'in a workload: wait until all instances are here',
    load: () => import('./commands/barrier.ts')
  },
  {
    name: 'publish',
    summary: 'in a workload: say something to all who subscribe',
    load: () => import('./commands/publish.ts')
  },
  {
    name: 'subscribe',
    summary: 'in a workload: hear what is published',
    load: () => import('./commands/subscribe.ts')
  },
  { name: 'put', summary: 'in a workload: give a key its value', load: () => import('./commands/put.ts') },
  { name: 'get', summary: 'in a workload: wait for the value of a key', load: () => import('./commands/get.ts') },
  {
    name: 'period',
    summary: 'in a workload: mark the begin or the end of a window',
    load: () => import('./commands/period.ts')
  },
  { name: 'sample', summary: 'in a workload: record a number', load: () => import('./commands/sample.ts') },
  { name: 'config', summary: 'the settings in force', load: () => import('./commands/config.ts') },
  { name: 'completion', summary: 'the completion script of a shell', load: () => import('./commands/completion.ts') }
]
