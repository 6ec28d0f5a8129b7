import {
  ActivityCancellationType,
  type ActivityOptions,
  type LocalActivityOptions,
} from '@temporalio/workflow'

/**
 * Every activity makes a few bounded requests, so an attempt that takes this long is lost (its Worker died), and another one
 * starts. Attempts are unlimited: steps wait by retries, and each failure carries its delay.
 */
export const step: ActivityOptions = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  // A wake does not wait for the attempt under way: steps can be repeated, even in parallel.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
}

/**
 * The fast path is a local activity, within the workflow task: it costs one event and no round trip to the server. Nothing
 * is retried here. On a busy Worker, the time until it starts counts too, since the workflow task waits for that.
 */
export const fastPath: LocalActivityOptions = {
  scheduleToCloseTimeout: '5 seconds',
  startToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 1 },
}
