import type { Block, Runbook, Section } from './runbook.ts'

const noKubelet = 'the stack has no kubelet, and no controller of Deployments'
const noDocker = 'needs Docker, and a registry'
const ownTest = 'takes minutes; dev/release/release-files.test.ts makes the same files'

/** Why no test runs a block of a page, by its heading and its first line. */
const reasons: Readonly<Record<Runbook, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  'docs/install.md': {
    'Before you begin': { 'npm ci && npm run image': noDocker },
    kind: { 'kind create cluster': 'needs Docker' },
    'Helm, with Temporal embedded': {
      'kubectl --namespace capi-vip-allocator-system rollout status statefulset/capi-vip-allocator-temporal':
        noKubelet,
      'kubectl --namespace capi-vip-allocator-system port-forward service/capi-vip-allocator-temporal 8233':
        noKubelet,
    },
    'Size and loss of the volume': {
      'helm upgrade capi-vip-allocator deploy/chart/capi-vip-allocator --set temporal.embedded.persistence.size=8Gi':
        'the stack has no volumes, and Kubernetes enlarges bound ones only',
    },
    'Rancher Turtles': {
      'apiVersion: turtles-capi.cattle.io/v1alpha1': 'no Go module of Turtles can be built',
    },
    'Air-gapped': {
      'npm ci && npm run release': noDocker,
      'docker load --input capi-vip-allocator.tar': noDocker,
    },
    clusterctl: { 'npm ci && npm run release': ownTest },
  },
  'docs/troubleshooting.md': {
    'One look': {
      'kubectl --namespace capi-vip-allocator-system exec deployment/capi-vip-allocator -- capi-vip-allocator status --problems':
        noKubelet,
      'pod=$(kubectl --namespace capi-vip-allocator-system get pods --selector app.kubernetes.io/name=capi-vip-allocator --output name | head -1)':
        noKubelet,
      'kubectl --namespace capi-vip-allocator-system port-forward deployment/capi-vip-allocator 8080 8081':
        noKubelet,
    },
    'No answer from the IPAM provider': {
      'kubectl --namespace capi-ipam-in-cluster-system get pods': noKubelet,
    },
    'Cluster not served': {
      "kubectl --namespace capi-vip-allocator-system get deployment capi-vip-allocator --output jsonpath='{.spec.template.spec.containers[0].args} {.spec.template.spec.containers[0].env}'":
        'the allocators of the tests have no Deployment',
    },
    'Allocator down': { 'kubectl --namespace capi-vip-allocator-system get pods': noKubelet },
    'Two management clusters': {
      'kubectl --namespace capi-vip-allocator-system set env deployment/capi-vip-allocator CAPI_VIP_ALLOCATOR_MANAGEMENT_CLUSTER=<name>':
        'the allocators of the tests have no Deployment; e2e/management-clusters sets the variable',
      'temporal workflow terminate --workflow-id allocate-vip/<namespace>/<cluster>':
        'needs a run of a management cluster that is gone',
    },
    'Temporal unreachable': {
      'temporal operator cluster health': 'there is nothing to see on a Temporal that is stopped',
    },
    'Address kept': {
      'capi-vip-allocator release <namespace>/<cluster> --dry-run': 'e2e/retention releases what is kept',
    },
    'Permission missing': {
      'kubectl apply --filename deploy/manifests/cluster-role.yaml --filename deploy/manifests/cluster-role-binding.yaml':
        'changes the rights of all allocators; e2e/permissions grants what is missing',
    },
  },
}

/** Why no test runs a block; undefined if one has to. */
export function reasonAgainst(
  page: Runbook,
  heading: string,
  { name }: Pick<Block, 'name'>,
): string | undefined {
  return reasons[page][heading]?.[name.replace(/ \\$/, '')]
}

/** The blocks of a section that tests run. */
export function blocksToRun(page: Runbook, { heading, blocks }: Section): readonly Block[] {
  return blocks.filter((block) => reasonAgainst(page, heading, block) === undefined)
}

/** All that the list names, as `heading: first line`. */
export function unrunBlocks(page: Runbook): readonly string[] {
  return Object.entries(reasons[page]).flatMap(([heading, blocks]) =>
    Object.keys(blocks).map((name) => `${heading}: ${name}`),
  )
}
