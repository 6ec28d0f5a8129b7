import { jsonPage, textPage, type Page, type Routes } from './http-server.ts'

/** One thing that has to be in order for the program to be ready. */
export interface Check {
  readonly ok: boolean
  /** In words; for people. */
  readonly detail: string
}

export interface HealthSources {
  /** What is broken for good, so that only a restart helps; undefined while nothing is. */
  readonly broken: () => string | undefined
  /** By name. All of them must be ok to be ready. */
  readonly checks: () => Readonly<Record<string, Check>>
}

/**
 * `/healthz`: alive, though Temporal or the API server may be away. `/readyz`: at work, or in JSON what is missing.
 */
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
