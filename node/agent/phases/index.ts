/** What a member does in each phase: one handler each, demanded by the compiler. */
import type { Phase } from '../../../protocols/fields.ts'
import { end } from './end.ts'
import { init } from './init.ts'
import { join } from './join.ts'
import type { PhaseHandler } from './phase.ts'
import { send } from './send.ts'
import { stage } from './stage.ts'
import { start } from './start.ts'
import { stop } from './stop.ts'
import { sysinfo } from './sysinfo.ts'
import { terminate } from './terminate.ts'
import { work } from './work.ts'

/** Every phase has a member's side; the compiler demands each. */
export const handlers: Record<Phase, PhaseHandler> = {
  join,
  stage,
  sysinfo,
  init,
  start,
  work,
  stop,
  send,
  end,
  terminate
}
