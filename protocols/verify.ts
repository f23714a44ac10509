/**
 * Verifies the folder of a result, without a daemon or a network: who sealed it; that nothing in it has changed since; that its phases are
 * whole and its record says what their certificates say; that each file of a member is one that this member signed.
 */
import { join } from 'node:path'
import { decode } from './codec.ts'
import { asBakError, BakError } from './errors.ts'
import { type FileList, splitFileLists } from './file-list.ts'
import { folderDigests } from './folder-digests.ts'
import { FILE_LISTS_FILE, isBesideSeal, PROOFS_FILE, RECORD_FILE, SPEC_FILE } from './layout.ts'
import { readPlain } from './plain-file.ts'
import { checkSeal, type RunRecord, readRecord } from './record.ts'
import { checkSpec as fillDefaults, readRunFile } from './run-file.ts'
import { runProofs } from './run-proofs.ts'
import { type Anchor, checkOrigin } from './verify/anchor.ts'
import { checkAnswers } from './verify/answers-check.ts'
import { checkCertificates, type Messages } from './verify/certificate-files.ts'
import { checkJobs } from './verify/jobs-check.ts'
import { checkJournal } from './verify/journal-check.ts'
import { contradictionsIn, differencesOf, provenRun, same } from './verify/proven-run.ts'
import { isAtOrBelow, type Report } from './verify/report.ts'
import { checkSamples } from './verify/sample-check.ts'
import { answerOf, checkSignedFiles } from './verify/signed-files.ts'
import { checkTasks } from './verify/task-check.ts'
import { checkTaskResults } from './verify/task-results-check.ts'
import { checkThresholds } from './verify/threshold-check.ts'
import { checkWindows } from './verify/trigger-check.ts'

/**
 * @param anchor whom the caller trusts; without one nothing says who made the result
 * @throws {BakError} `damaged` if run.json is missing or cannot be parsed
 */
export async function verifyFolder(dir: string, anchor: Anchor = {}): Promise<Report> {
  const bytes = await readPlain(join(dir, RECORD_FILE)).catch(cause => {
    throw new BakError('damaged', `${dir} is not the folder of a run: ${cause.message}`, { cause })
  })
  const content = bytes.toString()
  const record = readRecord(content)
  const report: Report = {
    ok: false,
    run: record.run,
    checked: { files: 0, certificates: 0, acks: 0, signatures: 0 },
    absent: (record.refused ?? []).map(({ path, reason }) => ({ path, reason: `not taken: ${reason}` })),
    unproven: (record.unreadable ?? []).map(({ path, reason }) => ({ path, reason: `not in the seal: ${reason}` })),
    beside: [],
    faults: []
  }
  const proofs = await readProofs(dir, report)
  // a seal that is not as it was signed is of nobody
  if (isSealed(content, report)) checkOrigin(record, proofs, anchor, report)
  await checkFiles(dir, record, report)
  const messages = await checkCertificates(dir, record, report)
  report.faults.push(...differencesOf(record, provenRun(messages.evidence, messages.certificates)))
  report.faults.push(...contradictionsIn(record))
  const lists = await readLists(dir, report)
  checkAnswers(record, messages, lists, report)
  await checkSpec(dir, record, report)
  await checkJournal(dir, record, messages.certificates, report)
  report.faults.push(...checkSamples(record, messages.certificates))
  report.faults.push(...checkTasks(record, messages.certificates))
  report.faults.push(...(await checkTaskResults(dir, record, messages.certificates)))
  report.faults.push(...(await checkJobs(dir, record, messages.certificates)))
  report.faults.push(...checkWindows(record, messages.certificates))
  report.faults.push(...(await checkThresholds(dir, record)))
  checkMembers(record, messages, lists, report)
  report.ok = report.faults.length === 0
  return report
}

function isSealed(content: string, { checked, faults }: Report): boolean {
  try {
    checkSeal(content)
    checked.signatures++
    return true
  } catch (error) {
    faults.push({ where: RECORD_FILE, what: asBakError(error).message.replace(/^run\.json:? /, '') })
    return false
  }
}

async function readProofs(dir: string, { faults }: Report): Promise<Uint8Array[]> {
  try {
    return decode(runProofs, new Uint8Array(await readPlain(join(dir, PROOFS_FILE)))).proofs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      faults.push({ where: PROOFS_FILE, what: asBakError(error).message })
    return []
  }
}

/** All that is there is as the seal has it. */
async function checkFiles(
  dir: string,
  { files = {}, others, unreadable = [] }: RunRecord,
  { checked, faults, unproven, beside }: Report
): Promise<void> {
  const found = await folderDigests(dir, { except: [RECORD_FILE] })
  const why = new Map(found.unreadable.map(({ path, reason }) => [path, `cannot be read: ${reason}`]))
  const whyMissing = (path: string) =>
    why.get(path) ?? (there(found.others, path) ? `is ${found.others[path]}` : 'is missing')
  const wrong = (where: string, what: string) => faults.push({ where, what })
  for (const [path, { sha256, bytes }] of Object.entries(files)) {
    const file = there(found.files, path) ? found.files[path] : undefined
    checked.files++
    if (file == null) wrong(path, whyMissing(path))
    else if (file.bytes !== bytes) wrong(path, `has ${file.bytes} bytes, had ${bytes}`)
    else if (file.sha256 !== sha256) wrong(path, 'was changed: its digest differs')
  }
  // of a file that was not taken there is none here
  const isKnown = (path: string) => unreadable.some(each => isAtOrBelow(path, each.path))
  for (const path of Object.keys(found.files)) {
    if (there(files, path) || isKnown(path)) continue
    if (isBesideSeal(path)) beside.push(path)
    else wrong(path, 'was not there when the run was sealed')
  }
  if (others == null) return void unproven.push({ path: '.', reason: 'its seal has no empty folders and no links' })
  for (const [path, what] of Object.entries(others))
    if (found.others[path] !== what && !why.has(path)) wrong(path, `was ${what}, ${changed(found.others, path)}`)
  for (const [path, what] of Object.entries(found.others))
    if (!there(others, path) && !there(files, path) && !isKnown(path))
      wrong(path, `is ${what}, which was not there when the run was sealed`)
}

const there = (table: Record<string, unknown>, path: string) => Object.hasOwn(table, path)
const changed = (others: Record<string, string>, path: string) =>
  there(others, path) ? `is ${others[path]}` : 'and is no more'

/** The spec that a reader finds, and may run again, is that which the members were asked to run. */
async function checkSpec(dir: string, { spec }: RunRecord, { faults }: Report): Promise<void> {
  try {
    const content = await readPlain(join(dir, SPEC_FILE))
    if (!same(fillDefaults(readRunFile(content.toString(), SPEC_FILE)), spec))
      faults.push({ where: SPEC_FILE, what: 'it is not the spec in run.json' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      faults.push({ where: SPEC_FILE, what: asBakError(error).message })
  }
}

async function readLists(dir: string, { faults }: Report): Promise<FileList[]> {
  const content = await readPlain(join(dir, FILE_LISTS_FILE)).catch(() => Buffer.alloc(0))
  const { lists, rest } = splitFileLists(content)
  if (rest > 0) faults.push({ where: FILE_LISTS_FILE, what: `its last ${rest} bytes are no list` })
  return lists
}

/** The files that the seal names are those that members signed. */
function checkMembers(
  { run, files = {}, others = {}, renamed = [], refused = [], unreadable = [] }: RunRecord,
  messages: Messages,
  lists: FileList[],
  report: Report
): void {
  const { members, older, answers } = messages
  const answered = new Set(answers.map(({ by, digest }) => answerOf(by, digest)))
  const absent = [...refused, ...unreadable]
  const about = { run, files, others, lists, members, older, answered, absent, renamed }
  const { faults, unproven } = checkSignedFiles(about)
  report.faults.push(...faults)
  report.unproven.push(...unproven)
  for (const { where, by, what, digest } of answers) {
    if (lists.some(each => each.by === by && each.digest === digest)) continue
    report.faults.push({
      where,
      what: `${by} signed the list ${digest} of the files of ${what}: ${FILE_LISTS_FILE} has not`
    })
  }
}
