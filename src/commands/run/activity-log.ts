import type { ActivityInterceptors } from '@temporalio/worker'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import { formatKey } from '../../domain/model/object-meta.ts'

/** Adds the Cluster and the role of an activity to the lines that Temporal writes for it. */
export function activityLogFields(): ActivityInterceptors {
  let fields: Readonly<Record<string, string>> = {}
  return {
    inbound: {
      execute(input, next) {
        fields = fieldsOf(input.args[0])
        return next(input)
      },
    },
    outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, ...fields }) },
  }
}

/** No fields if the argument has another shape, since a person can call an activity by hand. */
function fieldsOf(argument: unknown): Readonly<Record<string, string>> {
  const { cluster, role } = objectOf(argument)
  const { namespace, name } = objectOf(cluster)
  const key = { namespace: stringOf(namespace), name: stringOf(name) }
  if (key.namespace === '' || key.name === '') return {}
  return { cluster: formatKey(key), ...(typeof role === 'string' && { role }) }
}
