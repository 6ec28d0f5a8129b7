import type { Style } from '../../console/style.ts'
import { renderTable } from '../../console/table.ts'
import { counted } from '../../domain/quote.ts'
import { type CheckResult, type Level } from './checks/check-result.ts'

/** The output of `doctor`. */
export interface Report {
  /** Whether there is no fault. */
  readonly healthy: boolean
  readonly findings: readonly CheckResult[]
  /** Descriptions of what `--fix` has done. */
  readonly fixed: readonly string[]
}

const symbols: Readonly<Record<Level, string>> = { ok: '✓', warning: '!', fault: '✗', skipped: '-' }

export function formatReport({ findings, fixed }: Report, style: Style): string {
  const paints = { ok: style.good, warning: style.warn, fault: style.bad, skipped: style.faint } as const
  const rows = findings.map(({ check, level, found }) => [
    paints[level](`${symbols[level]} ${level}`),
    check,
    found,
  ])
  const toDo = new Set(findings.flatMap(({ check, fix }) => (fix === undefined ? [] : [`${check}: ${fix}`])))
  const done = fixed.map((words) => `${style.good(symbols.ok)} ${words}`)
  return [
    renderTable(['level', 'check', 'found'], rows, style),
    ...section('Fixed:', done, style),
    ...section(
      'To do:',
      [...toDo].map((words, index) => `${index + 1}. ${words}`),
      style,
    ),
    '',
    summary(findings),
  ].join('\n')
}

function section(title: string, lines: readonly string[], style: Style): readonly string[] {
  return lines.length === 0 ? [] : ['', style.strong(title), ...lines.map((line) => `  ${line}`)]
}

function summary(findings: readonly CheckResult[]): string {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length
  return [
    counted(count('fault'), 'fault'),
    counted(count('warning'), 'warning'),
    `${count('skipped')} skipped, ${count('ok')} in order`,
  ].join(', ')
}
