import { AsyncLocalStorage } from 'node:async_hooks'
import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type ContextManager,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry'
import type { RequestOutcome } from '../kubernetes/transport/connection.ts'
import type { Outage } from './outage.ts'

/** Spans of all operations for a Cluster. Importing this file loads OpenTelemetry. */
export interface Tracing {
  /** A span around all attempts of one request to Temporal; the run that it starts or signals continues its trace. */
  readonly aroundRequest: (request: TracedRequest, attempts: () => Promise<void>) => Promise<void>
  /** A span around a step of the fast path, which is not an activity of its own. */
  readonly aroundStep: <R>(name: string, run: () => Promise<R>) => Promise<R>
  /** Records a span for a completed request to the API server, if a traced step made it. */
  readonly onRequest: (request: RequestOutcome) => void
  readonly clientInterceptor: OpenTelemetryWorkflowClientInterceptor
  readonly activityInterceptors: (
    ...args: ConstructorParameters<typeof OpenTelemetryActivityOutboundInterceptor>
  ) => {
    readonly inbound: OpenTelemetryActivityInboundInterceptor
    readonly outbound: OpenTelemetryActivityOutboundInterceptor
  }
  /** Exports the spans of workflows. */
  readonly exporter: ReturnType<typeof makeWorkflowExporter>
  /** Sends the remaining spans, within a time limit. */
  close(): Promise<void>
}

/** A request of the watcher to Temporal. */
export interface TracedRequest {
  /** `namespace/name` */
  readonly cluster: string
  readonly action: string
  readonly because: string
}

export interface TracingOptions {
  readonly version: string
  /** Observes whether spans arrive. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
}

/** Milliseconds for the last spans; they are lost if the collector is unreachable. */
const longestFlushMs = 2_000

/**
 * Starts to send spans by OTLP over HTTP. The SDK itself reads its variables: destination, headers, OTEL_SERVICE_NAME,
 * OTEL_RESOURCE_ATTRIBUTES, sampling and batch sizes. While the collector is unreachable, spans fill a bounded queue.
 */
export function startTracing({ version, outage }: TracingOptions): Tracing {
  const own = new Resource({ 'service.name': 'capi-vip-allocator', 'service.version': version })
  const resource = Resource.default()
    .merge(own)
    .merge(detectResourcesSync({ detectors: [envDetectorSync] }))
  const processor = new BatchSpanProcessor(observed(new OTLPTraceExporter(), outage))
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] })
  provider.register({ contextManager: asyncContextManager() })
  const tracer = provider.getTracer('capi-vip-allocator', version)
  return {
    aroundRequest: (request, attempts) =>
      inSpan(tracer, `dispatch ${request.action}`, attempts, {
        kind: SpanKind.PRODUCER,
        attributes: { ...request },
      }),
    aroundStep: (name, run) => inSpan(tracer, name, run),
    onRequest: (request) => recordRequest(tracer, request),
    clientInterceptor: new OpenTelemetryWorkflowClientInterceptor({ tracer }),
    activityInterceptors: (activity) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(activity, { tracer }),
      outbound: new OpenTelemetryActivityOutboundInterceptor(activity),
    }),
    exporter: makeWorkflowExporter(processor, resource),
    async close() {
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, longestFlushMs).unref()
      })
      await Promise.race([provider.shutdown().catch(() => undefined), late])
    },
  }
}

/** Reports the results of the exporter to the outage, which logs once; OpenTelemetry would log every failure. */
function observed(exporter: SpanExporter, outage: TracingOptions['outage']): SpanExporter {
  return {
    export(spans, onResult) {
      exporter.export(spans, (result) => {
        if (result.error === undefined) outage.answered()
        else outage.failed(result.error.message)
        onResult(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

/** Runs a function in a new span, which ends when the function settles. */
function inSpan<R>(
  tracer: Tracer,
  name: string,
  run: () => Promise<R>,
  options: SpanOptions = {},
): Promise<R> {
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await run()
    } finally {
      span.end()
    }
  })
}

function recordRequest(
  tracer: Tracer,
  { verb, resource, action, code, seconds, failure }: RequestOutcome,
): void {
  if (trace.getSpan(context.active()) === undefined) return
  const endedAt = Date.now()
  const span = tracer.startSpan(`${verb} ${resource}`, {
    kind: SpanKind.CLIENT,
    startTime: endedAt - seconds * 1000,
    attributes: { verb, resource, action, 'http.response.status_code': code },
  })
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
  span.end(endedAt)
}

/** Keeps the active span of a call through all its asynchronous operations. */
function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, call, thisArg, ...args) => storage.run(context, () => call.apply(thisArg, args)),
    // AsyncLocalStorage keeps the context of callbacks, so there is nothing to bind.
    bind: (_context, target) => target,
    enable: () => manager,
    disable() {
      storage.disable()
      return manager
    },
  }
  return manager
}
