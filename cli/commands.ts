/** Every command of `bak`, in the order of its help. A command's file is loaded when it is called. */
import type { Command } from 'commander'

export interface CommandEntry {
  name: string
  summary: string
  /** Gives the command its arguments, flags, examples and action. */
  load: () => Promise<{ define(command: Command): void }>
}

export const commands: CommandEntry[] = [
  { name: 'status', summary: "the daemon's state in a few lines", load: () => import('./commands/status.ts') },
  { name: 'info', summary: 'all about this peer', load: () => import('./commands/info.ts') },
  { name: 'members', summary: 'the peers of the mesh', load: () => import('./commands/members.ts') },
  {
    name: 'reachability',
    summary: 'how this peer and each other can be reached',
    load: () => import('./commands/reachability.ts')
  },
  { name: 'topo', summary: 'how the mesh is connected', load: () => import('./commands/topo.ts') },
  {
    name: 'tools',
    summary: 'what can be observed where, and what is registered',
    load: () => import('./commands/tools.ts')
  },
  { name: 'check', summary: 'whether the members can run these tools', load: () => import('./commands/check.ts') },
  { name: 'run', summary: 'start a run and follow it to its end', load: () => import('./commands/run.ts') },
  { name: 'ps', summary: 'the runs that go on anywhere in the mesh', load: () => import('./commands/ps.ts') },
  { name: 'attach', summary: 'follow a run, with its past', load: () => import('./commands/attach.ts') },
  { name: 'logs', summary: "what a run's workload printed", load: () => import('./commands/logs.ts') },
  { name: 'cancel', summary: 'end a run early, in order', load: () => import('./commands/cancel.ts') },
  { name: 'ls', summary: 'the runs whose results are here', load: () => import('./commands/ls.ts') },
  { name: 'show', summary: 'what is known of a run', load: () => import('./commands/show.ts') },
  { name: 'verify', summary: 'prove that a result is as it was signed', load: () => import('./commands/verify.ts') },
  { name: 'collect', summary: 'fetch what is still on the members', load: () => import('./commands/collect.ts') },
  { name: 'move', summary: 'move a result to another peer', load: () => import('./commands/move.ts') },
  { name: 'config', summary: 'the settings in force', load: () => import('./commands/config.ts') },
  { name: 'completion', summary: 'the completion script of a shell', load: () => import('./commands/completion.ts') }
]
