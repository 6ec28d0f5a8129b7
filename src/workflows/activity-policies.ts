import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow'

/**
 * Every activity makes a few bounded requests, so an attempt that takes this long is lost (its worker died)
 * and another one starts. Attempts are unlimited: waiting is what they are for, and each failure says for
 * itself when to look again.
 */
export const step: ActivityOptions = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  // A wake does not wait for an attempt that is under way: steps can be repeated, even side by side.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
}
