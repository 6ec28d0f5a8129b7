import { context, SpanKind, SpanStatusCode, trace, type SpanOptions, type Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry'
import { asyncContextManager } from './async-context.ts'
import type { Outage } from './outage.ts'

/** Spans of everything that is done for a Cluster. Only what imports this file loads OpenTelemetry. */
export interface Tracing {
  /** A span around all attempts of one request to Temporal; the run that it starts or signals continues its trace. */
  readonly aroundRequest: (request: TracedRequest, attempts: () => Promise<void>) => Promise<void>
  /** A span around a step that is no activity of its own. */
  readonly aroundStep: <R>(name: string, run: () => Promise<R>) => Promise<R>
  /** A span for a request to the API server that is over; none for one that no traced step has made. */
  readonly onRequest: (request: TracedApiRequest) => void
  readonly clientInterceptor: OpenTelemetryWorkflowClientInterceptor
  readonly activityInterceptors: (
    ...args: ConstructorParameters<typeof OpenTelemetryActivityOutboundInterceptor>
  ) => {
    readonly inbound: OpenTelemetryActivityInboundInterceptor
    readonly outbound: OpenTelemetryActivityOutboundInterceptor
  }
  /** Takes the spans out of the workflows. */
  readonly exporter: ReturnType<typeof makeWorkflowExporter>
  /** Sends what is left, for as long as a stopping program can wait. */
  close(): Promise<void>
}

/** A request of the watcher to Temporal. */
export interface TracedRequest {
  /** `namespace/name` */
  readonly cluster: string
  readonly action: string
  readonly because: string
}

export interface TracedApiRequest {
  readonly verb: string
  readonly resource: string
  readonly action: string
  readonly code: number
  readonly seconds: number
  readonly failure: Error | undefined
}

export interface TracingOptions {
  readonly version: string
  /** Told whether spans arrive. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
}

/** Milliseconds. The collector may be away, and what it does not get is lost. */
const longestFlushMs = 2_000

/**
 * Starts to send spans by OTLP over HTTP. The SDK reads its own variables: where to send and with which headers,
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, sampling, sizes of batches. A queue of bounded size is all that a
 * collector that is away costs.
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
    aroundRequest: (request, attempts) => aroundRequest(tracer, request, attempts),
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

/** The exporter, with its failures told once for an outage; OpenTelemetry itself would write each to the console. */
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

function aroundRequest(
  tracer: Tracer,
  { cluster, action, because }: TracedRequest,
  attempts: () => Promise<void>,
): Promise<void> {
  const attributes = { cluster, action, because }
  return inSpan(tracer, `dispatch ${action}`, attempts, { kind: SpanKind.PRODUCER, attributes })
}

/** Runs something in a span of its own, which ends with it, however that is. */
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
  { verb, resource, action, code, seconds, failure }: TracedApiRequest,
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
