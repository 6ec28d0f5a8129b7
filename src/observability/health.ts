import { jsonPage, textPage, type Routes } from './http-server.ts'

/** A condition for the program to be ready. */
export interface Check {
  readonly ok: boolean
  readonly detail: string
}

export interface HealthSources {
  /** A message if only a restart helps; else undefined. */
  readonly broken: () => string | undefined
  /** By name; the program is ready if all are ok. */
  readonly checks: () => Readonly<Record<string, Check>>
  /** Whether calls of Cluster API should come here. */
  readonly runtimeExtension: () => Check
}

/** `/healthz`: alive, even if Temporal or the API server is unreachable. `/readyz`: ready, with all checks as JSON; below it, of the runtime extension alone. */
export function healthRoutes({ broken, checks, runtimeExtension }: HealthSources): Routes {
  return {
    '/healthz': () => {
      const message = broken()
      return message === undefined ? textPage(200, 'ok') : textPage(500, message)
    },
    '/readyz': () => {
      const current = checks()
      const ready = Object.values(current).every(({ ok }) => ok)
      return jsonPage(ready ? 200 : 503, { ready, checks: current })
    },
    '/readyz/runtime-extension': () => {
      const { ok, detail } = runtimeExtension()
      return textPage(ok ? 200 : 503, detail)
    },
  }
}
