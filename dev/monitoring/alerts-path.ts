import { join } from 'node:path'

/** The alert rules for Prometheus, the source of all others. */
export const alertsPath = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring', 'alerts.yaml')
