import { jsonPage, textPage, type Page, type Routes } from './http-server.ts'

/** One condition for the program to be ready. */
export interface Check {
  readonly ok: boolean
  /** For people. */
  readonly detail: string
}

export interface HealthSources {
  /** A message if only a restart helps; else undefined. */
  readonly broken: () => string | undefined
  /** By name; the program is ready if all are ok. */
  readonly checks: () => Readonly<Record<string, Check>>
}

/** `/healthz`: alive, even if Temporal or the API server is unreachable. `/readyz`: ready, with all checks as JSON. */
export function healthRoutes({ broken, checks }: HealthSources): Routes {
  return {
    '/healthz': () => liveness(broken()),
    '/readyz': () => readiness(checks()),
  }
}

function liveness(broken: string | undefined): Page {
  return broken === undefined ? textPage(200, 'ok') : textPage(500, broken)
}

function readiness(checks: Readonly<Record<string, Check>>): Page {
  const ready = Object.values(checks).every(({ ok }) => ok)
  return jsonPage(ready ? 200 : 503, { ready, checks })
}
