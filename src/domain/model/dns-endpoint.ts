import { arrayOf, objectOf, stringOf } from './decode.ts'
import { objectMetaFrom, type ObjectMeta } from './object-meta.ts'

/** The facts about an external-dns DNSEndpoint that decisions use. */
export interface DnsEndpoint extends ObjectMeta {
  readonly records: readonly DnsRecord[]
}

/** One of `spec.endpoints`. */
export interface DnsRecord {
  readonly dnsName: string
  /** `A`, `AAAA` or any other type. */
  readonly recordType: string
  readonly targets: readonly string[]
}

/** Reads a DNSEndpoint of externaldns.k8s.io/v1alpha1. */
export function dnsEndpointFrom(object: unknown): DnsEndpoint {
  const records = arrayOf(objectOf(objectOf(object)['spec'])['endpoints']).map(objectOf)
  return {
    ...objectMetaFrom(object),
    records: records.map(({ dnsName, recordType, targets }) => ({
      dnsName: stringOf(dnsName),
      recordType: stringOf(recordType),
      targets: arrayOf(targets).map(stringOf),
    })),
  }
}
