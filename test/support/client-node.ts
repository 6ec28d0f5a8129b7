/** In place of src/kubernetes/transport/client-node.ts: Jest has its own loader, whose hooks are not Node.js's. */
export { findHomeDir, KubeConfig } from '@kubernetes/client-node'
