import { classes, namespaces, type ClassName, type Namespace } from './land.ts'

/** A Cluster that people create and delete in a run, under the same name again and again. */
export interface Subject {
  readonly namespace: Namespace
  readonly name: string
  readonly className: ClassName
  /** An endpoint that a person types, always the same. */
  readonly host?: string
}

/** Clusters that want a VIP. */
export function subjectsNamed(prefix: string, count: number): readonly Subject[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: namespaces[index % namespaces.length] ?? 'faults-a',
    name: `${prefix}-${index}`,
    className: classes[Math.floor(index / namespaces.length) % classes.length] ?? 'plain',
  }))
}

/** Clusters with an endpoint by hand. Some of these addresses lie in the ranges of pools. */
export const typedSubjects: readonly Subject[] = [
  { namespace: 'faults-a', name: 'typed-0', className: 'plain', host: '10.200.0.70' },
  { namespace: 'faults-b', name: 'typed-1', className: 'wide', host: '10.200.0.14' },
  { namespace: 'faults-a', name: 'typed-2', className: 'movable', host: '10.203.0.44' },
  { namespace: 'faults-b', name: 'typed-3', className: 'movable', host: '10.99.0.3' },
]
