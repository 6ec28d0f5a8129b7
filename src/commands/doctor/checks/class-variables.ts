import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import { plainClusterOf } from '../../../domain/allocation/class-gates.ts'
import { vipRolesIn } from '../../../domain/allocation/vip-role.ts'
import { decideVariables, type VariableVerdict } from '../../../domain/allocation/vip-variables.ts'
import { readsVariable, type ClusterClass } from '../../../domain/model/cluster-class.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { formatVariablePath } from '../../../domain/model/variable-path.ts'
import { defaultApiServerPort } from '../../../domain/names.ts'
import { few } from '../../../domain/quote.ts'
import { roleSpecs, type Role, type VariableNames } from '../../../domain/role.ts'
import { fault, ok, warning, type CheckOutcome } from './check-result.ts'

/** Any address: a verdict does not depend on it. */
const anyAddress = '192.0.2.1'

/** Checks which variables of every ClusterClass receive VIPs, and whether a patch of the class reads them. */
export function checkClassVariables(
  { clusterClasses }: Pick<Snapshot, 'clusterClasses'>,
  variables: VariableNames,
): readonly CheckOutcome[] {
  const classes = [...clusterClasses.values()]
  const outcomes = classes.map((clusterClass) => ({
    name: formatKey(clusterClass),
    found: outcomesFor(clusterClass, variables),
  }))
  const without = outcomes.filter(({ found }) => found.length === 0).map(({ name }) => name)
  return [
    ...outcomes.flatMap(({ found }) => found),
    ...(without.length === 0 ? [] : [ok(`no variable of ClusterClass ${few(without)} receives a VIP`)]),
  ]
}

function outcomesFor(clusterClass: ClusterClass, names: VariableNames): readonly CheckOutcome[] {
  const cluster = plainClusterOf(clusterClass)
  return vipRolesIn(cluster, names, clusterClass).flatMap((vip) => {
    const { verdicts } = decideVariables(
      cluster,
      vip,
      clusterClass,
      { address: anyAddress },
      defaultApiServerPort,
    )
    return verdicts.flatMap((verdict) => outcomeOf(verdict, clusterClass, vip.role))
  })
}

function outcomeOf(
  { variable, verdict, because }: VariableVerdict,
  clusterClass: ClusterClass,
  role: Role,
): readonly CheckOutcome[] {
  const path = formatVariablePath(variable.path)
  const name = `ClusterClass ${formatKey(clusterClass)}`
  const { variableAnnotation, portVariableAnnotation = '' } = roleSpecs[role]
  const [annotation, what] =
    variable.receives === 'port' ? [portVariableAnnotation, 'port'] : [variableAnnotation, 'VIP']
  const correct = `annotate ${name} with ${annotation}: the variable that receives the ${what}, or "" for none`
  switch (verdict) {
    case 'wait':
      return [
        fault(because, variable.annotation === undefined ? correct : `correct that annotation, or the class`),
      ]
    case 'keep':
      // A class without a variable of the flag's name is no fault, but one whose variable is something else is worth a look.
      return clusterClass.declaredVariables.includes(variable.path.name) ? [warning(because, correct)] : []
    case 'write': {
      const found = `${name}: the variable ${path} receives the ${role} ${what}`
      if (readsVariable(clusterClass, variable.path.name)) return [ok(`${found}, and a patch reads it`)]
      return clusterClass.patches.some(({ isExternal }) => isExternal)
        ? [ok(`${found}; an external patch may read it`)]
        : [
            warning(
              `${found}, and no patch reads it`,
              `add a patch to ${name} that reads ${path}, or ${correct}`,
            ),
          ]
    }
    default:
      return verdict satisfies never
  }
}
