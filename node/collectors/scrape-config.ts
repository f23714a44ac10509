/** The configuration by which Prometheus asks the exporters of members, each by its port of this machine. Pure. */
import type { Target } from './collector.ts'

/** Labels that are given here: one of a member that is called so does not replace it. */
const OWN_LABELS = ['job', 'instance', 'member', 'group']
/** Prometheus waits for an answer no longer than this, ms. */
const MAX_TIMEOUT_MS = 10_000

/**
 * A member may answer what it wants: not without end, not with the times of its own clock, and it does not send Prometheus to other places,
 * which only this machine can reach. An answer beyond the limits is none, and the error says why. A machine with 256 processors has some
 * 20 000 samples in 2 MB.
 */
const LIMITS = {
  ...{ follow_redirects: false, honor_timestamps: false, body_size_limit: '16MB', sample_limit: 100_000 },
  ...{ label_limit: 128, label_name_length_limit: 256, label_value_length_limit: 4_096 }
}
/** Characters that YAML does not take, or reads as the end of a line, are among these; pairs of surrogates are one character. */
const NOT_PLAIN = /[\x7f-\ud7ff\ue000-\uffff]/g

/** @returns the text of prometheus.yml, in the form of JSON, which is YAML, too */
export function scrapeConfig(targets: Target[]): string {
  const jobs = Map.groupBy(targets, ({ tool, interval }) => `${tool} ${interval}`)
  const config = {
    scrape_configs: [...jobs.values()].map(each => {
      const [{ tool, interval }] = each as [Target]
      return {
        // unique, and the same as long as the tool is asked; what is stored is the label
        job_name: `${tool} every ${interval} ms`,
        scrape_interval: `${interval}ms`,
        scrape_timeout: `${Math.min(interval, MAX_TIMEOUT_MS)}ms`,
        ...LIMITS,
        static_configs: each.map(target => ({ targets: [addressOf(target)], labels: labelsOf(target) }))
      }
    })
  }
  const text = JSON.stringify(config, null, 2)
  return `${text.replace(NOT_PLAIN, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

export const addressOf = ({ port }: Pick<Target, 'port'>) => `127.0.0.1:${port}`

function labelsOf({ member, group, tool, labels }: Target): Record<string, string> {
  const own = { job: tool, instance: member, member, group }
  const others = Object.entries(labels).map(([name, value]) => [labelName(name), value] as const)
  return { ...Object.fromEntries(others.filter(([name]) => !OWN_LABELS.includes(name))), ...own }
}

/** Prometheus takes letters, digits and _, and keeps names that begin with two of these for itself. */
function labelName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^__+/, '_')
  return /^\d/.test(plain) ? `_${plain}` : plain
}
