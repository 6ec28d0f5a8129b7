/** Access to a running stack, as plain JSON, so that it can be passed to another process in a file. */
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
  /** Whether the kubeadm providers and CAPD run. */
  readonly wholeClusters: boolean
  /** Version of Cluster API's CRDs, and of core if it runs, for example `1.14.2`. */
  readonly clusterApiVersion: string
  /** Temporary directory with the logs of all parts; removed when the stack stops. */
  readonly runDirectory: string
  /** Absolute paths of command line programs that match the servers. */
  readonly paths: { readonly kubectl: string; readonly temporal: string }
}

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly address: string
  readonly namespace: string
  /** Absent if the server has no UI: only the development server has one. */
  readonly uiUrl?: string
}
