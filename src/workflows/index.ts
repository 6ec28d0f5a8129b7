/** Every export is a Workflow Type. */
export { allocateVip } from './allocate-vip.ts'
export { releaseVip } from './release-vip.ts'
