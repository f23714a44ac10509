/** Every input from another peer, a person or a disk, with the codes of its refusals. A new one is a line here. */

import { adjacencyProtocol } from '../../protocols/adjacency.ts'
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import { checkToolsProtocol } from '../../protocols/check-tools.ts'
import { clockProtocol } from '../../protocols/clock.ts'
import { collectProtocol } from '../../protocols/collect.ts'
import { getProtocol } from '../../protocols/content.ts'
import { describeToolsProtocol } from '../../protocols/describe-tools.ts'
import { directProtocol } from '../../protocols/direct.ts'
import { echoProtocol } from '../../protocols/echo.ts'
import { envelope } from '../../protocols/envelope.ts'
import { attachProtocol, describeProtocol } from '../../protocols/events.ts'
import { helloMessage, lostSubject, memberSubject, registerProtocol, syncProtocol } from '../../protocols/hello.ts'
import { jobsDoneSubject } from '../../protocols/jobs/job-index.ts'
import { jobRecordsProtocol } from '../../protocols/jobs/job-records.ts'
import { jobResultSubject } from '../../protocols/jobs/job-result.ts'
import { jobStreamProtocol } from '../../protocols/jobs/job-stream.ts'
import { leftoversProtocol } from '../../protocols/leftovers.ts'
import { noticeSubject } from '../../protocols/notice.ts'
import { observationSubject, observeProtocol } from '../../protocols/observe.ts'
import { memberOutputProtocol, outputProtocol } from '../../protocols/output.ts'
import { ackSubject, commandSubject, runMessage } from '../../protocols/phase.ts'
import { runListProtocol } from '../../protocols/run-list.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { stageProtocol } from '../../protocols/stage.ts'
import type { Protocol } from '../../protocols/stream.ts'
import { swarmProtocol } from '../../protocols/swarm.ts'
import { sysinfoProtocol } from '../../protocols/sysinfo/live.ts'
import { receiptSubject, tarballProtocol } from '../../protocols/tarball.ts'
import { loadStreamProtocol } from '../../protocols/tasks/load-stream.ts'
import {
  renewProtocol,
  revocationSubject,
  rotationSubject,
  trustMessage,
  trustProtocol
} from '../../protocols/trust-entries.ts'
import { tunnelProtocol } from '../../protocols/tunnel.ts'
import { lifeSubject, twinProtocol } from '../../protocols/twin.ts'
import { admissionTarget } from './admission.ts'
import { archiveTarget } from './archives.ts'
import {
  type CallerInit,
  callerTarget,
  fetches,
  fetchesStaged,
  leads,
  measures,
  sends,
  syncs,
  tunnels
} from './callers.ts'
import { controlAnswers, controlRequests } from './control.ts'
import { readerTarget } from './files.ts'
import { forwardTargets } from './forwarding.ts'
import { gateTarget } from './frame-gate.ts'
import { gossipTarget } from './gossip.ts'
import { jobReaders } from './jobs.ts'
import { loadReaders } from './load.ts'
import { readers } from './readers.ts'
import { type StreamTargetInit, streamTarget } from './streams.ts'
import type { Target } from './target.ts'
import { topicTarget } from './topics.ts'

/** Erases the types of a protocol, so that one list contains all. */
const of = <Q, A>(init: Omit<StreamTargetInit, 'protocol'> & { protocol: Protocol<Q, A> }) =>
  streamTarget(init as unknown as StreamTargetInit)

const asks = <Q, A>(init: Omit<CallerInit, 'protocol'> & { protocol: Protocol<Q, A> }) =>
  callerTarget(init as unknown as CallerInit)

export const targets = [
  admissionTarget,
  gateTarget,
  gossipTarget,
  ...forwardTargets,
  of({ protocol: runStreamProtocol, refusals: ['no-such-run', 'not-on-roster'], subjects: [ackSubject] }),
  of({ protocol: loadStreamProtocol, refusals: ['no-such-run', 'not-on-roster'] }),
  of({ protocol: jobStreamProtocol, refusals: ['no-such-run', 'not-the-controller', 'phase-closed', 'not-ready'] }),
  of({ protocol: getProtocol, refusals: ['unknown-digest'] }),
  of({ protocol: swarmProtocol, refusals: ['unknown-digest', 'interrupted', 'busy', 'not-allowed'], endless: true }),
  of({
    protocol: stageProtocol,
    refusals: ['unknown-digest', 'not-allowed', 'no-space', 'usage', 'busy'],
    endless: true
  }),
  of({ protocol: tunnelProtocol, refusals: ['no-such-run', 'not-allowed', 'not-the-controller', 'not-ready'] }),
  of({ protocol: clockProtocol, refusals: [] }),
  of({ protocol: echoProtocol, refusals: [] }),
  of({ protocol: adjacencyProtocol, refusals: [] }),
  of({ protocol: observeProtocol, refusals: ['busy'] }),
  of({ protocol: directProtocol, refusals: [], subjects: [observationSubject] }),
  of({ protocol: cancelProtocol, refusals: ['no-such-run', 'not-allowed'], runs: world => [world.ended] }),
  of({ protocol: changeToolsProtocol, refusals: ['no-such-run', 'not-allowed', 'state', 'usage', 'tool-unavailable'] }),
  of({ protocol: attachProtocol, refusals: ['no-such-run', 'not-allowed'], endless: true }),
  of({ protocol: describeProtocol, refusals: ['no-such-run'] }),
  of({ protocol: outputProtocol, refusals: ['no-such-run', 'not-allowed'] }),
  of({ protocol: memberOutputProtocol, refusals: ['no-such-run', 'not-allowed'], endless: true }),
  of({ protocol: jobRecordsProtocol, refusals: ['no-such-run', 'not-allowed'], endless: true }),
  of({ protocol: leftoversProtocol, refusals: [] }),
  of({ protocol: runListProtocol, refusals: [] }),
  of({ protocol: twinProtocol, refusals: ['bad-signature'], subjects: [lifeSubject] }),
  of({ protocol: collectProtocol, refusals: ['no-such-run', 'not-the-controller', 'not-allowed', 'bad-signature'] }),
  of({
    protocol: tarballProtocol,
    refusals: ['no-such-run', 'not-on-roster', 'not-allowed', 'mismatch', 'no-space', 'interrupted', 'cannot-create']
  }),
  of({ protocol: syncProtocol, refusals: [], subjects: [memberSubject] }),
  of({ protocol: checkToolsProtocol, refusals: ['not-allowed'] }),
  of({ protocol: sysinfoProtocol, refusals: ['not-allowed'] }),
  of({ protocol: describeToolsProtocol, refusals: [] }),
  of({ protocol: registerProtocol, refusals: ['usage', 'not-allowed'] }),
  of({ protocol: trustProtocol, refusals: ['bad-signature', 'not-allowed'] }),
  of({ protocol: renewProtocol, refusals: ['not-allowed'] }),
  topicTarget({ name: 'hello', topic: () => 'hello', schema: helloMessage, subjects: [memberSubject, lostSubject] }),
  topicTarget({ name: 'run', topic: () => 'run', schema: runMessage, subjects: [commandSubject, noticeSubject] }),
  topicTarget({
    name: 'of a run',
    topic: ({ live }) => `run/${live}`,
    schema: runMessage,
    subjects: [commandSubject, noticeSubject]
  }),
  topicTarget({
    name: 'trust',
    topic: () => 'trust',
    schema: trustMessage,
    subjects: [revocationSubject, rotationSubject]
  }),
  topicTarget({ name: 'jobs', topic: () => 'jobs', schema: envelope, subjects: [jobsDoneSubject, jobResultSubject] }),
  ...[...readers, ...loadReaders, ...jobReaders].map(readerTarget),
  archiveTarget,
  controlRequests,
  controlAnswers,
  asks({ protocol: runStreamProtocol }),
  asks({ protocol: loadStreamProtocol }),
  asks({ protocol: attachProtocol }),
  asks({ protocol: describeProtocol }),
  asks({ protocol: outputProtocol }),
  asks({ protocol: memberOutputProtocol }),
  asks({ protocol: jobRecordsProtocol }),
  asks({ protocol: jobStreamProtocol, subjects: [jobResultSubject] }),
  asks({ protocol: leftoversProtocol }),
  asks({ protocol: runListProtocol }),
  asks({ protocol: twinProtocol }),
  asks({ protocol: collectProtocol }),
  asks({ protocol: checkToolsProtocol }),
  asks({ protocol: sysinfoProtocol }),
  asks({ protocol: describeToolsProtocol }),
  asks({ protocol: registerProtocol }),
  asks({ protocol: cancelProtocol }),
  asks({ protocol: changeToolsProtocol }),
  asks({ protocol: getProtocol, act: fetches }),
  asks({ protocol: swarmProtocol, act: fetchesStaged }),
  asks({ protocol: stageProtocol }),
  asks({ protocol: tunnelProtocol, act: tunnels }),
  asks({ protocol: clockProtocol, act: measures }),
  asks({ protocol: echoProtocol }),
  asks({ protocol: adjacencyProtocol }),
  asks({ protocol: observeProtocol }),
  asks({ protocol: directProtocol, act: leads, subjects: [observationSubject] }),
  asks({ protocol: syncProtocol, act: syncs, subjects: [memberSubject] }),
  asks({ protocol: tarballProtocol, act: sends, subjects: [receiptSubject] }),
  asks({ protocol: trustProtocol }),
  asks({ protocol: renewProtocol })
] as Target[]
