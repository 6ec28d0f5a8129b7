import { drawLineChart, type Line } from '../pictures/line-chart.ts'
import type { Curve } from './measure.ts'

/** Draws how many were done by when, of ours and of the floor, as SVG. */
export function drawCurve({ title, ours, floor }: Curve): string {
  return drawLineChart({
    title: `${title}: endpoints on Clusters, and claims bound without an allocator (minutes:seconds)`,
    from: 0,
    to: Math.max(...ours, ...floor) / 1000,
    lines: [line('Clusters with an endpoint', ours), line('bound claims (floor)', floor)],
  })
}

function line(name: string, times: readonly number[]): Line {
  return { name, points: [[0, 0], ...times.map((ms, index) => [ms / 1000, index + 1] as const)] }
}
