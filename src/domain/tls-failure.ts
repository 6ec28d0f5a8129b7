/** What of TLS with Temporal fails, as its native core (rustls) and Node.js (OpenSSL) say it, and what to do about it. */
const failures: readonly { readonly said: RegExp; readonly words: string }[] = [
  {
    said: /UnknownIssuer|unable to verify the first certificate|unable to get (?:local )?issuer certificate|self-signed certificate(?: in certificate chain)?/,
    words:
      "the server's certificate comes from no authority that is trusted here; TEMPORAL_TLS_SERVER_CA_CERT_PATH or NODE_EXTRA_CA_CERTS names the file of its CA",
  },
  {
    said: /CaUsedAsEndEntity/,
    words:
      "the server's certificate is that of an authority (CA:TRUE), which a Worker does not accept from a server; issue one for the server",
  },
  {
    said: /NotValidForName|Hostname\/IP does not match certificate's altnames/,
    words:
      "the server's certificate is for another name; TEMPORAL_TLS_SERVER_NAME says which one is expected, if it is not the host of TEMPORAL_ADDRESS",
  },
  {
    said: /\bExpired(?=Context\b|\))|certificate has expired/,
    words: "the server's certificate has expired; renew it, or put the clock here right",
  },
  {
    said: /NotValidYet|certificate is not yet valid/,
    words: "the server's certificate is not valid yet; put the clocks right",
  },
  {
    said: /CertificateRequired|certificate required/,
    words:
      'the server wants a certificate of the client; TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH name it',
  },
  {
    said: /InvalidContentType|wrong version number|packet length too long/,
    words: 'the server speaks no TLS; TEMPORAL_TLS=false says so',
  },
]

/** @returns what of TLS has failed, in words and with the client's own word for it; undefined if it is something else */
export function tlsFailureIn(message: string): string | undefined {
  for (const { said, words } of failures) {
    const [word] = said.exec(message) ?? []
    if (word !== undefined) return `${words} (${word})`
  }
  return undefined
}
