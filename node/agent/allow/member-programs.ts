/** What starts the programs of a run on this member: its owner's own as they are typed, those of others apart from this peer. */
import { variantsOf } from '../../../protocols/overridden.ts'
import { optionsOf, type Spec } from '../../../protocols/spec.ts'
import { wordsOf } from '../../../protocols/tool-options.ts'
import type { Guards } from '../../processes/guards.ts'
import type { ProgramOfRun, Programs, Treatment } from '../../processes/programs.ts'

interface ProgramsInit {
  guards: Pick<Guards, 'forRun'>
  /** Peer id of this peer. */
  self: string
  /** They outlive the samples of the run. */
  lifetime?: 'persistent' | undefined
  isPrivileged(argv: string[]): Promise<boolean>
}

export interface MemberOfRun {
  run: string
  controller: string
  /** Where all is that it writes. */
  data: string
  offer: { spec: Pick<Spec, 'tool'> }
}

export function programsOf(member: MemberOfRun, init: ProgramsInit): Programs {
  const { run, controller: by, data } = member
  return init.guards.forRun({
    ...{ run, by, lifetime: init.lifetime, isOwn: by === init.self },
    data,
    treatmentOf: program => treatmentOf(member, program, init)
  })
}

/** A tool of an own run that somebody registered here is no word of the owner's; the workloads of a run are its controller's word. */
async function treatmentOf(
  { controller, offer }: MemberOfRun,
  { name, argv, brought, work, beside }: ProgramOfRun,
  { self, isPrivileged }: ProgramsInit
): Promise<Treatment> {
  const isOwn = controller === self
  if (work != null || beside != null) {
    if (isOwn) return 'owner'
    // with variables or a folder of the run a program is not what the owner named
    const isChanged = beside != null || work?.directory != null || Object.keys(work?.env ?? {}).length > 0
    return !isChanged && (await isPrivileged(argv)) ? 'privileged' : 'apart'
  }
  const isTyped = variantsOf(optionsOf(offer.spec, name)).some(
    options => JSON.stringify(wordsOf(options)) === JSON.stringify(brought)
  )
  if (isOwn && isTyped) return 'owner'
  return (await isPrivileged(argv)) ? 'privileged' : 'apart'
}
