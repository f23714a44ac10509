/** iperf3: `-J`, of the client or of the server, or what it prints without it, which has three digits only. */
import { at, listAt, numberAt, type OutputText } from './output-text.ts'
import {
  errors,
  type Found,
  type Meaning,
  main,
  meanTime,
  type ResultReader,
  throughput,
  worstTime
} from './result-reader.ts'
import { plainNumber, sizeOf } from './units.ts'

/** Lines at the end that are kept: two for each stream, of which there are 128 at most. */
const MAX_STREAMS = 512

const share: Meaning = { unit: '%', better: 'less', across: 'mean' }

export const iperf3: ResultReader = {
  claims: output => isJson(output) || (output.has('[ ID] Interval', 'Transfer') && /sender|receiver/.test(output.text)),
  read(output, found) {
    if (!isJson(output)) return readText(output, found)
    for (const result of output.json()) if (at(result, 'start', 'version') != null) readResult(result, found)
  }
}

const isJson = ({ text }: OutputText) => /"version":\s*"iperf 3/.test(text)

function readResult(result: unknown, found: Found): void {
  const error = at(result, 'error')
  const end = at(result, 'end')
  // what a server measures is beside what its clients say, and it ends by being stopped
  const isServer = at(result, 'start', 'accepted_connection') != null
  const side = isServer ? ['server'] : []
  if (typeof error === 'string' && !isServer && !error.startsWith('interrupt - the server')) found.error ??= error
  for (const [suffix, ...words] of [[''], ['_bidir_reverse', 'reverse']] as const) {
    const sent = at(end, `sum_sent${suffix}`) ?? (suffix === '' ? at(end, 'sum') : undefined)
    const received = at(end, `sum_received${suffix}`)
    const name = (word: string) => [...side, ...words, word]
    // a server counts nothing of the other direction
    const rate = (sum: unknown) => (side.length > 0 && numberAt(sum, 'bytes') === 0 ? undefined : rateOf(sum))
    const hasReceived = rate(received) != null
    found.add(name('sent'), rate(sent), rateMeaning(!hasReceived && !isServer))
    found.add(name('received'), rate(received), rateMeaning(!isServer))
    found.add(name('retransmits'), numberAt(sent, 'retransmits'), errors)
    // of UDP, as the receiver counted
    const counted = at(received, 'jitter_ms') == null ? at(end, 'sum') : received
    if (suffix !== '' && counted !== received) continue
    found.add(name('jitter'), numberAt(counted, 'jitter_ms'), meanTime())
    found.add(name('lost'), numberAt(counted, 'lost_packets'), errors)
    found.add(name('loss'), numberAt(counted, 'lost_percent'), share)
  }
  readRoundTrips(listAt(end, 'streams'), found, side)
  found.add([...side, 'cpu', 'host'], numberAt(end, 'cpu_utilization_percent', 'host_total'), share)
  if (side.length === 0) found.add(['cpu', 'remote'], numberAt(end, 'cpu_utilization_percent', 'remote_total'), share)
}

/** What arrived is the main one; what a server counts is that of its clients again. */
const rateMeaning = (isMain: boolean) => (isMain ? main(throughput('bit/s')) : throughput('bit/s'))
const rateOf = (sum: unknown) => numberAt(sum, 'bits_per_second')

/** Of the streams of TCP, in us. */
function readRoundTrips(streams: unknown[], found: Found, side: string[]): void {
  const times = (key: string) => streams.map(each => numberAt(each, 'sender', key) ?? 0).filter(each => each > 0)
  const means = times('mean_rtt')
  if (means.length === 0) return
  found.add([...side, 'rtt', 'mean'], means.reduce((sum, each) => sum + each, 0) / means.length / 1000, meanTime())
  found.add([...side, 'rtt', 'max'], times('max_rtt').reduce((a, b) => Math.max(a, b), 0) / 1000, worstTime())
}

const SUMMARY =
  /^\[(SUM| *\d+)\](?:\[[RT]X-[CS]\])? +[\d.]+-[\d.]+ +sec +[\d.]+ \w+ +([\d.]+ [KMGT]?bits)\/sec(.*?)(sender|receiver)\s*$/

/** The last lines: those of `[SUM]` where there are several streams. */
function readText(output: OutputText, found: Found): void {
  let last: Array<{ isSum: boolean; rate?: number; rest: string; who: string }> = []
  for (const line of output.lines()) {
    const [, stream = '', rate, rest = '', who] = SUMMARY.exec(line) ?? []
    const isSum = stream === 'SUM'
    if (who != null)
      last = [...last, { isSum, rate: sizeOf(rate?.replace(/bits$/, ''), 1000), rest, who }].slice(-MAX_STREAMS)
  }
  const hasReceived = last.some(({ who }) => who === 'receiver')
  const hasSum = last.some(({ isSum }) => isSum)
  for (const { isSum, rate, rest, who } of last) {
    if (isSum !== hasSum) continue
    found.add(who === 'sender' ? 'sent' : 'received', rate, rateMeaning(who === 'receiver' || !hasReceived))
    const [, jitter, lost, percent] =
      /([\d.]{1,15}) ms {1,9}(\d{1,15})\/\d{1,15} \(([\d.e+-]{1,15})%\)/.exec(rest) ?? []
    if (jitter == null) {
      if (who === 'sender') found.add('retransmits', plainNumber(rest.trim()), errors)
    } else if (who === 'receiver') {
      found.add('jitter', plainNumber(jitter), meanTime())
      found.add('lost', plainNumber(lost), errors)
      found.add('loss', plainNumber(percent), share)
    }
  }
  const failed = /^iperf3: error - (.+)$/m.exec(output.text.slice(-4096))?.[1]
  if (failed != null && !failed.startsWith('interrupt - the server')) found.error ??= failed
}
