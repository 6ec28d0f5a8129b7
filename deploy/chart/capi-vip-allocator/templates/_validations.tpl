{{/* What no schema can say. Each fault names the value and what was expected. */}}
{{- define "capi-vip-allocator.validate" -}}
{{- $values := .Values }}
{{- $faults := list }}
{{- if and $values.rbac.namespaced (empty $values.namespaces) }}
{{- $faults = append $faults "rbac.namespaced is true and namespaces is empty: expected the namespaces to serve" }}
{{- end }}
{{- if and (not $values.rbac.namespaced) $values.rbac.classNamespaces }}
{{- $faults = append $faults "rbac.classNamespaces is set and rbac.namespaced is false: expected rbac.namespaced=true, or no classNamespaces, since the ClusterRole permits to read all ClusterClasses" }}
{{- end }}
{{- if and (not $values.rbac.namespaced) $values.rbac.globalPools }}
{{- $faults = append $faults "rbac.globalPools is true and rbac.namespaced is false: expected rbac.namespaced=true, or no globalPools, since the ClusterRole permits to read global pools" }}
{{- end }}
{{- with $values.temporal.tls }}
{{- if and (not .enabled) (or .existingSecret .serverName) }}
{{- $faults = append $faults "temporal.tls.existingSecret or temporal.tls.serverName is set and temporal.tls.enabled is false: expected temporal.tls.enabled=true" }}
{{- end }}
{{- if ne (empty .certKey) (empty .keyKey) }}
{{- $faults = append $faults (printf "temporal.tls.certKey is %q and temporal.tls.keyKey is %q: expected both or none" .certKey .keyKey) }}
{{- end }}
{{- if and .existingSecret (empty .caKey) (empty .certKey) }}
{{- $faults = append $faults "temporal.tls.existingSecret is set and caKey and certKey are empty: expected the keys to use" }}
{{- end }}
{{- end }}
{{- if $values.temporal.embedded.enabled }}
{{- range $value, $given := dict "temporal.address" $values.temporal.address "temporal.tls.enabled" $values.temporal.tls.enabled "temporal.apiKey.existingSecret" $values.temporal.apiKey.existingSecret "temporal.config.existingSecret" $values.temporal.config.existingSecret }}
{{- if $given }}
{{- $faults = append $faults (printf "temporal.embedded.enabled is true and %s is set: expected one of the two, the embedded server or another one" $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $values.temporal.workerVersioning }}
{{- if ne (empty .deploymentName) (empty .buildId) }}
{{- $faults = append $faults (printf "temporal.workerVersioning.deploymentName is %q and temporal.workerVersioning.buildId is %q: expected both or none" .deploymentName .buildId) }}
{{- end }}
{{- end }}
{{- with $values.podDisruptionBudget }}
{{- $least := toString .minAvailable }}
{{- $most := toString .maxUnavailable }}
{{- if and .enabled (eq (empty $least) (empty $most)) }}
{{- $faults = append $faults (printf "podDisruptionBudget.minAvailable is %q and podDisruptionBudget.maxUnavailable is %q: expected one of the two" $least $most) }}
{{- end }}
{{- end }}
{{- if and $values.serviceMonitor.enabled (not (and $values.metrics.enabled $values.metrics.service.enabled)) }}
{{- $faults = append $faults "serviceMonitor.enabled is true: expected metrics.enabled and metrics.service.enabled too" }}
{{- end }}
{{- if and $values.podMonitor.enabled (not $values.metrics.enabled) }}
{{- $faults = append $faults "podMonitor.enabled is true: expected metrics.enabled too" }}
{{- end }}
{{- if and $values.serviceMonitor.enabled $values.podMonitor.enabled }}
{{- $faults = append $faults "serviceMonitor.enabled and podMonitor.enabled are true: expected one of the two, else every series comes twice" }}
{{- end }}
{{- if $values.runtimeExtension.enabled }}
{{- with $values.runtimeExtension }}
{{- if eq (empty .certificate.existingSecret) (not .certManager.enabled) }}
{{- $faults = append $faults (printf "runtimeExtension.certificate.existingSecret is %q and runtimeExtension.certManager.enabled is %t: expected one of the two" .certificate.existingSecret .certManager.enabled) }}
{{- end }}
{{- if and .certManager.issuerRef (not .certManager.enabled) }}
{{- $faults = append $faults "runtimeExtension.certManager.issuerRef is set and runtimeExtension.certManager.enabled is false: expected runtimeExtension.certManager.enabled=true" }}
{{- end }}
{{- end }}
{{- $own := index $values (include "capi-vip-allocator.extensionCommand" .) | default dict }}
{{- $replicas := hasKey $own "replicaCount" | ternary $own.replicaCount $values.replicaCount }}
{{- if lt (int $replicas) 2 }}
{{- $faults = append $faults (printf "runtimeExtension.enabled is true and replicaCount is %d: expected at least 2, since Cluster API core neither starts nor reconciles such Clusters while no replica answers" (int $replicas)) }}
{{- end }}
{{- if not $values.podDisruptionBudget.enabled }}
{{- $faults = append $faults "runtimeExtension.enabled is true and podDisruptionBudget.enabled is false: expected podDisruptionBudget.enabled=true, since a drain would take all replicas away at once" }}
{{- end }}
{{- end }}
{{- with $faults }}
{{- fail (printf "\n- %s" (join "\n- " .)) }}
{{- end }}
{{- end }}
