import { readFileSync, writeFileSync } from 'node:fs'
import { alertsPath, prometheusRuleFrom, prometheusRulePath } from './prometheus-rule.ts'

writeFileSync(prometheusRulePath, prometheusRuleFrom(readFileSync(alertsPath, 'utf8')))
