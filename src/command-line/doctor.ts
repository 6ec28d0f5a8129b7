import type { DoctorOptions } from '../commands/doctor/doctor.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { userCommand, type Typed } from './command.ts'

/** Checks everything that the allocator needs. */
export const doctorCommand = userCommand<DoctorOptions>({
  name: 'doctor',
  summary: 'check all that the allocator needs, and say what to do',
  flags: [
    'kubeconfig',
    'context',
    'namespace',
    'watch-filter',
    'task-queue',
    'control-plane-variable',
    'ingress-variable',
  ],
  options: [
    { name: 'fix', help: 'do what is safe: register missing search attributes' },
    {
      name: 'service-account',
      metavar: 'NAMESPACE/NAME',
      help: "whose permissions are checked; default: the allocator's Deployment's, else your own",
    },
  ],
  examples: [
    { line: 'doctor', meaning: 'check everything' },
    { line: 'doctor --fix --output=json', meaning: 'register missing search attributes, and answer as JSON' },
    {
      line: 'doctor --service-account=capi-vip-allocator-system/capi-vip-allocator',
      meaning: 'check the permissions that the Pods have',
    },
  ],
  read: (typed) => ({ fix: typed.isSet('fix'), serviceAccount: serviceAccountIn(typed) }),
  load: async () => (await import('../commands/doctor/doctor.ts')).doctor,
})

function serviceAccountIn(typed: Typed): NamespacedName | undefined {
  const given = typed.values('service-account')
  const [value] = given
  if (given.length > 1) typed.fault(`--service-account is given ${given.length} times, expected once`)
  if (value === undefined) return undefined
  const [, namespace, name] = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/.exec(value) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  typed.fault(`--service-account is ${JSON.stringify(value)}, expected NAMESPACE/NAME`)
  return undefined
}
