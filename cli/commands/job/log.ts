/** `bak job log`: what a job wrote, from whichever peer has it; also while it runs. */
import { type Command, InvalidArgumentError } from 'commander'
import type { CallResponse } from '../../../protocols/control.ts'
import { callDaemon } from '../../../protocols/control-http.ts'
import { exitStatus } from '../../../protocols/errors.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { onSignals } from '../../interrupt.ts'
import { stateInWords } from '../../jobs/job-progress.ts'
import { cleanLine, visibleOutput, writeNotes, writeTo } from '../../output.ts'

interface Options {
  follow?: boolean
  attempt?: number
  times?: boolean
  graph?: string
}

type Answer = CallResponse<'job-log'>

export function defineLog(command: Command): void {
  command.argument('<job>', 'JOB of the last run that has it, or RUN/JOB')
  addFlag(command, '--follow', 'go on until the job has ended, through all its attempts')
  addFlag(command, '--attempt <n>', 'of this attempt (the last)', parseAttempt)
  addFlag(command, '--times', 'with the time after its begin and the phase of its script before each line')
  addFlag(command, '--graph <graph>', 'setup, report, or a sample as in 1-default/sample2 (the last that has it)')
  addExamples(command, {
    'bak job log link --follow': 'as it is written, on whichever member',
    'bak job log k3f9ab/lib --attempt 1': 'of an attempt that was lost',
    'bak job log lib --times': 'when each line came, and in which phase',
    'bak job log lib --json | jq -r "select(.lines) | .lines[].text"': 'a line of JSON for each piece'
  })
  setAction(command, act)
}

function parseAttempt(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It is a number from 1.')
  return Number(value)
}

async function act({ socket, json, print }: Context, options: Options, job = ''): Promise<number> {
  const { follow, attempt, times, graph } = options
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  const release = onSignals({ cancel: leave, detach: leave })
  const notes = new Notes(job)
  let isWhole = true
  try {
    const request = { job, follow, attempt, graph }
    for await (const answer of callDaemon(socket, 'job-log', request, { signal: leaving.signal })) {
      if (answer.type === 'missing') isWhole = false
      if (json) await print(JSON.stringify(answer))
      else if (answer.type === 'lines') {
        notes.hasLines = true
        await writeTo(process.stdout, answer.lines.map(line => textOf(line, times)).join(''))
      } else await writeNotes(notes.of(answer))
    }
  } catch (cause) {
    if (leaving.signal.aborted) return exitStatus.interrupted
    throw cause
  } finally {
    release()
  }
  return isWhole ? 0 : exitStatus.partial
}

/** What stands beside the lines, on stderr. */
class Notes {
  readonly #job: string
  #attempts = 0
  hasLines = false

  constructor(job: string) {
    this.#job = job
  }

  of(answer: Exclude<Answer, { type: 'lines' }>): string[] {
    if (answer.type === 'missing') return [answer.reason]
    if (answer.type === 'attempt') {
      const { attempt, member, at, run, job } = answer
      const isFirst = this.#attempts++ === 0
      const where = member == null || member === at ? at : `${member}, from ${at}`
      return isFirst && attempt === 1 ? [] : [`${run}/${job}, attempt ${attempt} on ${where}:`]
    }
    const { state, reason } = answer
    if (this.hasLines && state === 'done') return []
    const became = state === 'failed' ? 'failed' : `is ${stateInWords(state)}`
    return [`${this.#job} ${became}${reason == null ? '' : `: ${reason}`}`]
  }
}

/** As it was written; a terminal gets nothing that it would obey. */
export function textOf({ t, phase, text }: LogLine, times = false, isTerminal = process.stdout.isTTY): string {
  const [shown, during] = isTerminal ? [visibleOutput({ text }), cleanLine(phase ?? '')] : [text, phase ?? '']
  if (!times) return `${shown}\n`
  return `${(t / 1000).toFixed(3).padStart(9)} ${during === '' ? '' : `${during}: `}${shown}\n`
}
