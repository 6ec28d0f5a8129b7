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
import type { RequestOutcome } from '../kubernetes/transport/connection.ts'
import type { DispatchedReaction } from '../watcher/work-queue.ts'
import { asyncContextManager } from './async-context.ts'
import type { Outage } from './outage.ts'

/** Spans of everything that is done for a Cluster. Only what imports this file loads OpenTelemetry. */
export interface Tracing {
  /** A span around bringing a reaction to Temporal; the run that is started or woken continues its trace. */
  readonly aroundDispatch: (dispatch: DispatchedReaction, deliver: () => Promise<void>) => Promise<void>
  /** A span around a step that is no activity of its own. */
  readonly aroundStep: <R>(name: string, run: () => Promise<R>) => Promise<R>
  /** A span for a request to the API server that is over; none for one that no traced step has made. */
  readonly onRequest: (request: RequestOutcome) => void
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
    aroundDispatch: (dispatch, deliver) => aroundDispatch(tracer, dispatch, deliver),
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

function aroundDispatch(
  tracer: Tracer,
  { cluster, act, because }: DispatchedReaction,
  deliver: () => Promise<void>,
): Promise<void> {
  const attributes = { cluster, act, because }
  return inSpan(tracer, `dispatch ${act}`, deliver, { kind: SpanKind.PRODUCER, attributes })
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
