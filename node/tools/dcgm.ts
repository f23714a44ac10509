/** The exporter of NVIDIA's data center GPU manager. */
import { exporterTool } from './exporter.ts'

export const dcgm = exporterTool({
  name: 'dcgm',
  summary: 'metrics of NVIDIA GPUs for the Prometheus of the controller',
  // in no package of Debian or Fedora
  programs: ['dcgm-exporter'],
  needs: { privilege: 'a GPU of NVIDIA with its driver and DCGM' },
  argv: (_, interval) => ['--address=127.0.0.1:0', `--collect-interval=${Math.max(100, Math.round(interval * 1000))}`]
})
