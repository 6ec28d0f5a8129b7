/** All that a client of a running stack needs; plain JSON, so that it can be handed to another process in a file. */
export interface StackConnection {
  readonly apiServerUrl: string
  /** PEM file with the certificate authority of the API server. */
  readonly caPath: string
  /** Bearer token of the administrator (group system:masters). */
  readonly token: string
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string
  readonly temporal: TemporalAddress
  readonly clusterApiCore: boolean
  /** Version of Cluster API's CRDs, and of core where it runs, for example `1.14.2`. */
  readonly clusterApiVersion: string
  /** Temporary directory of this run, with the logs of all parts; removed when the stack stops. */
  readonly runDirectory: string
  /** Absolute paths of the command line programs that fit the servers. */
  readonly paths: { readonly kubectl: string; readonly temporal: string }
}

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly address: string
  readonly namespace: string
  /** Absent where the server has no UI: it is one of the development server. */
  readonly uiUrl?: string
}
