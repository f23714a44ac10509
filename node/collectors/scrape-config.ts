/** The configuration by which Prometheus asks the exporters of members, each by its port of this machine. Pure. */
import type { Target } from './collector.ts'

/** Labels that are given here: one of a member that is called so does not replace it. */
const OWN_LABELS = ['job', 'instance', 'member', 'group']
/** Prometheus waits for an answer no longer than this, ms. */
const MAX_TIMEOUT_MS = 10_000

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
        static_configs: each.map(target => ({ targets: [addressOf(target)], labels: labelsOf(target) }))
      }
    })
  }
  return `${JSON.stringify(config, null, 2)}\n`
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
