import { classes, namespaces, type ClassName, type Namespace } from './fixtures.ts'

/** A Cluster that users create and delete during a run, always under the same name. */
export interface Target {
  readonly namespace: Namespace
  readonly name: string
  readonly className: ClassName
  /** An endpoint set by hand; absent on a Cluster that wants a VIP. */
  readonly host?: string
  /** It asks to have that endpoint reserved in its pool. */
  readonly isReserved?: boolean
}

/** Clusters that want a VIP, spread over namespaces and classes. */
export function targetsNamed(prefix: string, count: number): readonly Target[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: namespaces[index % namespaces.length] ?? 'faults-a',
    name: `${prefix}-${index}`,
    className: classes[Math.floor(index / namespaces.length) % classes.length] ?? 'plain',
  }))
}

/** Clusters of one class, spread over namespaces. */
export function targetsOf(className: ClassName, prefix: string, count: number): readonly Target[] {
  return targetsNamed(prefix, count).map((target) => ({ ...target, className }))
}

/** Clusters with an endpoint by hand. Some of these addresses lie in the ranges of pools. */
export const manualTargets: readonly Target[] = [
  { namespace: 'faults-a', name: 'typed-0', className: 'plain', host: '10.200.0.70' },
  { namespace: 'faults-b', name: 'typed-1', className: 'wide', host: '10.200.0.14', isReserved: true },
  { namespace: 'faults-a', name: 'typed-2', className: 'movable', host: '10.203.0.44', isReserved: true },
  { namespace: 'faults-b', name: 'typed-3', className: 'movable', host: '10.99.0.3' },
]
