import {
  ActivityCancellationType,
  type ActivityOptions,
  type LocalActivityOptions,
} from '@temporalio/workflow'

/**
 * Every activity makes a few bounded requests, so an attempt that takes this long is lost (its worker died)
 * and another one starts. Attempts are unlimited: waiting is what they are for, and each failure says for
 * itself when to look again.
 */
export const step: ActivityOptions = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  // A wake of a step that waits does not wait for the attempt under way: steps can be repeated, even side by side.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
}

/**
 * What gets the allocation on at once is done within the workflow task, as a local activity: that costs one event and no
 * round through the server. Nothing waits or is tried again here. On a busy Worker it waits for its begin too, and the
 * workflow task with it, so that time counts as well.
 */
export const atOnce: LocalActivityOptions = {
  scheduleToCloseTimeout: '5 seconds',
  startToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 1 },
}
