import { takeSteps, type StepInput, type Steps } from '../domain/allocation/steps.ts'
import type { AllocateAtOnceInput, AllocateAtOnceResult } from '../workflows/contract.ts'
import { FastPathAbandoned } from './failures.ts'
import { makesProgress, type StepResult } from './step-outcome.ts'

/**
 * The fast path: takes the steps as far as each makes progress. The workflow runs the remaining ones as activities, which
 * find what was done here.
 *
 * @param steps that throw `FastPathAbandoned` instead of waiting
 */
export async function allocateAtOnce(
  steps: Steps,
  { startedAt, ...input }: AllocateAtOnceInput,
): Promise<AllocateAtOnceResult> {
  let made: AllocateAtOnceResult = {}
  const keep = async <R>(
    name: keyof Steps,
    { half }: Pick<StepInput, 'half'>,
    running: Promise<R>,
  ): Promise<R> => {
    const result = await running
    made =
      half === undefined
        ? { ...made, [name]: result }
        : { ...made, second: { ...made.second, [name]: result } }
    return result
  }
  const keepProgress = async <R extends StepResult>(
    name: keyof Steps,
    input: Pick<StepInput, 'half'>,
    running: Promise<R>,
  ): Promise<R> => {
    const result = await running
    if (!makesProgress(result)) throw new FastPathAbandoned(`the answer is "${result.next}"`)
    return keep(name, input, Promise.resolve(result))
  }
  try {
    await takeSteps(
      {
        selectIPPool: (input) => keepProgress('selectIPPool', input, steps.selectIPPool(input)),
        ensureIPAddressClaim: (input) =>
          keepProgress('ensureIPAddressClaim', input, steps.ensureIPAddressClaim(input)),
        awaitIPAddress: (input) => keepProgress('awaitIPAddress', input, steps.awaitIPAddress(input)),
        assignVip: (input) => keepProgress('assignVip', input, steps.assignVip(input)),
        probeAddress: (input) => steps.probeAddress(input),
        publishDnsName: (input) => keep('publishDnsName', input, steps.publishDnsName(input)),
      },
      input,
      startedAt,
    )
    return made
  } catch (failure) {
    if (!(failure instanceof FastPathAbandoned)) throw failure
    return { ...made, left: failure.message }
  }
}
