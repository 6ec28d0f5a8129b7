import { exitCodes } from '../../console/exit-code.ts'
import type { Style } from '../../console/style.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { few, quoted } from '../../domain/quote.ts'
import {
  describeKeptAddress,
  keptAddressesIn,
  whyNotReleasable,
  type KeptAddress,
} from '../../domain/release/kept-addresses.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import { withManagementCluster } from '../management-cluster.ts'
import { describeProbed, releaseProbed, reservationsOf, type ProbedAddress } from './release-probed.ts'
import type { CommandSetup } from '../setup.ts'

export interface ReleaseOptions {
  /** The Cluster that addresses are kept for, or one address. */
  readonly target: { readonly cluster: NamespacedName } | { readonly address: string }
  /** Only show what would be released. */
  readonly dryRun: boolean
}

/** What happened to one address: `kept` if it is not released, and then why. */
export type ReleasedAddress = (KeptAddress | ProbedAddress) & Outcome

interface Outcome {
  readonly outcome: 'released' | 'would be released' | 'kept'
  readonly because?: string
}

/**
 * Releases addresses that are kept, so that anybody can have them: for a Cluster that is gone, or since something answered at them.
 *
 * @returns exit code: 0 if all are released, 3 if one has to stay
 * @throws Error if nothing of the kind is kept
 */
export async function runRelease(options: ReleaseOptions, setup: CommandSetup): Promise<number> {
  const { console } = setup
  const { target, dryRun } = options
  return withManagementCluster(setup, async (managementCluster) => {
    const snapshot = await managementCluster.readSnapshot()
    const kept = keptAddressesIn(snapshot)
    const found = kept.filter((each) => isMeant(each, target))
    const probed = 'address' in target ? reservationsOf(snapshot, target.address) : []
    if (found.length === 0 && probed.length === 0) throw new Error(nothingKept(target, kept))
    const addresses: ReleasedAddress[] = []
    for (const each of found) addresses.push(await release(managementCluster.api, each, dryRun))
    for (const each of probed) {
      if (!dryRun) await releaseProbed(managementCluster, each, snapshot)
      addresses.push({ ...describeProbed(each), outcome: dryRun ? 'would be released' : 'released' })
    }
    console.print({ dryRun, addresses }, (style) => releaseText(addresses, style))
    return addresses.some(({ outcome }) => outcome === 'kept') ? exitCodes.actionRequired : exitCodes.fine
  })
}

function isMeant({ address, keptFor }: KeptAddress, target: ReleaseOptions['target']): boolean {
  if ('cluster' in target) return formatKey(keptFor) === formatKey(target.cluster)
  return address !== undefined && canonicalAddress(address) === canonicalAddress(target.address)
}

function nothingKept(target: ReleaseOptions['target'], kept: readonly KeptAddress[]): string {
  const what =
    'cluster' in target ? `for Cluster ${formatKey(target.cluster)}` : `of ${quoted(target.address)}`
  const others = kept.map(({ address, keptFor }) => `${address ?? 'an address'} for ${formatKey(keptFor)}`)
  const hint = others.length === 0 ? 'no address is kept' : `kept are ${few(others)}`
  return `nothing is kept ${what}; ${hint}`
}

/** Deletes the claim as it is now, unless it is a Cluster's again: that may have taken it over since the list. */
async function release(
  api: Pick<ClusterApi, 'getCluster' | 'getIPAddressClaim' | 'deleteIPAddressClaim'>,
  kept: KeptAddress,
  dryRun: boolean,
): Promise<KeptAddress & Outcome> {
  // The claim comes first: a Cluster that is created after it was read cannot take it over unnoticed.
  const claim = await api.getIPAddressClaim(kept.claim)
  const present = await api.getCluster(kept.keptFor)
  if (claim === undefined || claim.isDeleting) return { ...kept, outcome: 'released' }
  const isItsOwn = present?.uid === kept.keptFor.uid
  const because = isItsOwn ? `Cluster ${formatKey(kept.keptFor)} has it` : whyNotReleasable(kept, present)
  if (because !== undefined) return { ...kept, outcome: 'kept', because }
  if (dryRun) return { ...kept, outcome: 'would be released' }
  try {
    await api.deleteIPAddressClaim(claim)
  } catch (error) {
    if (!isKubernetesError(error, 'conflict')) throw error
    return { ...kept, outcome: 'kept', because: 'somebody changed its claim meanwhile; try again' }
  }
  return { ...kept, outcome: 'released' }
}

function nameOf(each: ReleasedAddress): string {
  return each.why === 'in-use' ? each.address : (each.address ?? formatKey(each.claim))
}

function reasonOf(each: ReleasedAddress): string {
  return each.why === 'in-use' ? `kept out of use, since ${each.answer}` : describeKeptAddress(each)
}

function releaseText(addresses: readonly ReleasedAddress[], style: Style): string {
  const staying = addresses.filter(({ outcome }) => outcome === 'kept')
  return [
    ...addresses
      .filter(({ outcome }) => outcome !== 'kept')
      .map(
        (each) =>
          `${nameOf(each)} ${each.outcome === 'released' ? 'is released' : each.outcome}; it was ${reasonOf(each)}`,
      ),
    ...staying.map((each) => `${style.bad('kept')}: ${nameOf(each)}, since ${each.because ?? ''}`),
  ].join('\n')
}
