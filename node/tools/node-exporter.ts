/** The node exporter of Prometheus: the machine as metrics. */
import { exporterTool } from './exporter.ts'

const MAX_TEXT = 4096

export const nodeExporter = exporterTool({
  name: 'node-exporter',
  summary: 'metrics of the machine for the Prometheus of the controller',
  programs: ['prometheus-node-exporter', 'node_exporter'],
  needs: { debian: 'prometheus-node-exporter', fedora: 'golang-github-prometheus-node-exporter' },
  settings: [
    {
      name: 'collectors',
      type: 'string',
      summary: 'only these parts of it, such as cpu,meminfo,diskstats',
      check: text =>
        text.length <= MAX_TEXT && /^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$/.test(text)
          ? undefined
          : 'expected names with commas between'
    }
  ],
  argv: ({ collectors }) => [
    '--web.listen-address=127.0.0.1:0',
    '--web.disable-exporter-metrics',
    ...(collectors == null
      ? []
      : ['--collector.disable-defaults', ...`${collectors}`.split(',').map(each => `--collector.${each}`)])
  ]
})
