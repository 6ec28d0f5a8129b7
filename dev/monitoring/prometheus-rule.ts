import { join } from 'node:path'

const directory = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring')

/** The alert rules for Prometheus, the source of the manifest. */
export const alertsPath = join(directory, 'alerts.yaml')

/** The PrometheusRule for the Prometheus Operator. */
export const prometheusRulePath = join(directory, 'prometheus-rule.yaml')

const head = `# Made from alerts.yaml by: node dev/monitoring/write-prometheus-rule.ts
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: capi-vip-allocator
  namespace: capi-vip-allocator-system
  labels:
    app.kubernetes.io/name: capi-vip-allocator
spec:
`

/** @returns the manifest that holds the groups of a rules file, with its comments */
export function prometheusRuleFrom(alerts: string): string {
  const groups = alerts.slice(alerts.indexOf('groups:'))
  return head + groups.replaceAll(/^(?=.)/gm, '  ')
}
