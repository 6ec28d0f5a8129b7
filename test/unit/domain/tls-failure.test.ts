import { describe, expect, it } from '@jest/globals'
import { tlsFailureIn } from '../../../src/domain/tls-failure.ts'

/** As the native core of Temporal's SDK puts it. */
function ofCore(error: string): string {
  return `tonic::transport::Error(Transport, ConnectError(Custom { kind: InvalidData, error: ${error} }))`
}

describe('a TLS failure', () => {
  it.each([
    [ofCore('InvalidCertificate(UnknownIssuer)'), /no authority that is trusted here.*\(UnknownIssuer\)$/],
    ['unable to verify the first certificate', /no authority.*\(unable to verify the first certificate\)$/],
    ['self-signed certificate in certificate chain', /no authority/],
    ['unable to get local issuer certificate', /no authority/],
    [
      ofCore('InvalidCertificate(NotValidForNameContext { expected: DnsName("a"), presented: [] })'),
      /for another name; TEMPORAL_TLS_SERVER_NAME.*\(NotValidForName\)$/,
    ],
    ["Hostname/IP does not match certificate's altnames: Host: a. is not b", /for another name/],
    [ofCore('InvalidCertificate(Other(OtherError(CaUsedAsEndEntity)))'), /that of an authority/],
    [ofCore('InvalidCertificate(Expired)'), /has expired.*\(Expired\)$/],
    [ofCore('InvalidCertificate(ExpiredContext { time: 1, not_after: 0 })'), /has expired/],
    ['certificate has expired', /has expired/],
    [ofCore('InvalidCertificate(NotValidYetContext { time: 0, not_before: 1 })'), /not valid yet/],
    [
      'transport error, Custom { kind: InvalidData, error: "received fatal alert: CertificateRequired" }',
      /wants a certificate of the client; TEMPORAL_TLS_CLIENT_CERT_PATH/,
    ],
    [ofCore('InvalidMessage(InvalidContentType)'), /speaks no TLS; TEMPORAL_TLS=false/],
    ['0A00010B:SSL routines:tls_validate_record_header:wrong version number', /speaks no TLS/],
  ])('is told in words: %s', (message, words) => {
    expect(tlsFailureIn(message)).toMatch(words)
  })

  it.each([
    'connect ECONNREFUSED 127.0.0.1:7233',
    'Not enough hosts to serve the request',
    'API key expired',
    'namespace Expired-or-not is not found',
  ])('is not what fails otherwise: %s', (message) => {
    expect(tlsFailureIn(message)).toBeUndefined()
  })
})
