{{/*
What values have to be, beyond the names and types of values.schema.json. One sentence for each fault:
`NAME is VALUE [and NAME is VALUE]: expected WHAT[, since WHY]`.
*/}}
{{- define "capi-vip-allocator.validate" -}}
{{- $faults := "" }}
{{- range $about := list "text" "map" "chart" "account" "temporal" "program" "pod" "port" "budget" "network" "monitoring" "extension" }}
{{- $faults = cat $faults (include (printf "capi-vip-allocator.%sFaults" $about) $) }}
{{- end }}
{{- with regexReplaceAll "\\s*\n\\s*" $faults "\n" | trim }}
{{- fail (printf "\n%s" .) }}
{{- end }}
{{- end }}

{{/* How texts are written. An optional one may be empty. A list is checked item by item. */}}
{{- define "capi-vip-allocator.formats" -}}
{{- $name := "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?" }}
{{- $key := printf "([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?%s" $name }}
{{- $requirement := printf "(!\\s*%s|%s|%s\\s*(=|==|!=)\\s*(%s)?|%s\\s+(in|notin)\\s*\\(\\s*(%s)?\\s*(,\\s*(%s)?\\s*)*\\))" $key $key $key $name $key $name $name }}
{{- $variable := "[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*" }}
{{- $label := "[a-z0-9]([-a-z0-9]*[a-z0-9])?" }}
{{- $cluster := "([a-z0-9][-a-z0-9]*)?[{]cluster[}]([-a-z0-9]*[a-z0-9])?" }}
{{- $namespace := "([a-z0-9][-a-z0-9]*)?[{]namespace[}]([-a-z0-9]*[a-z0-9])?" }}
{{- $port := "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})" }}
{{- $image := "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*" }}
- expected: a name of at most 43 small letters, digits and hyphens that begins with a letter
  pattern: '^[a-z]([-a-z0-9]{0,41}[a-z0-9])?$'
  optional: [fullnameOverride]
- expected: the name of a namespace, of at most 63 small letters, digits and hyphens
  pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'
  required: [namespaces, rbac.classNamespaces]
  optional: [namespaceOverride, serviceMonitor.namespace, podMonitor.namespace, prometheusRule.namespace, dashboard.namespace]
- expected: the name of an object, of small letters, digits, hyphens and dots
  pattern: '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$'
  required: [imagePullSecrets, global.imagePullSecrets]
  optional:
    - temporal.tls.existingSecret
    - temporal.apiKey.existingSecret
    - temporal.config.existingSecret
    - temporal.embedded.persistence.existingClaim
    - temporal.embedded.persistence.storageClassName
    - serviceAccount.name
    - priorityClassName
    - runtimeExtension.certificate.existingSecret
    - runtimeExtension.clientCa.existingSecret
- expected: a key in a Secret, of letters, digits, hyphens, dots and underscores
  pattern: '^[-._a-zA-Z0-9]{1,253}$'
  required: [temporal.apiKey.key, temporal.config.key, runtimeExtension.certificate.certKey, runtimeExtension.certificate.keyKey, runtimeExtension.certificate.caKey, runtimeExtension.clientCa.key]
  optional: [temporal.tls.caKey, temporal.tls.certKey, temporal.tls.keyKey]
- expected: a registry such as registry.example.org:5000/mirror
  pattern: '^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:{{ $port }})?(/{{ $image }})*$'
  optional: [image.registry, temporal.embedded.image.registry, global.imageRegistry, global.cattle.systemDefaultRegistry]
- expected: a repository such as gorizond/capi-vip-allocator, without registry and tag
  pattern: '^{{ $image }}(/{{ $image }})*$'
  required: [image.repository, temporal.embedded.image.repository]
- expected: a tag of at most 128 letters, digits, dots, underscores and hyphens
  pattern: '^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}$'
  optional: [image.tag, temporal.embedded.image.tag]
- expected: a digest such as sha256:0123…, with 64 hexadecimal digits
  pattern: '^sha256:[a-f0-9]{64}$'
  optional: [image.digest, temporal.embedded.image.digest]
- expected: host:port with a port from 1 to 65535, such as temporal-frontend.temporal.svc:7233
  pattern: '^([^\s:/\[\]]+|\[[0-9a-fA-F:.]+\]):{{ $port }}$'
  optional: [temporal.address]
- expected: a name of at most 200 characters without spaces
  pattern: '^\S{1,200}$'
  optional: [temporal.namespace, temporal.taskQueue, temporal.tls.serverName, temporal.config.profile, temporal.workerVersioning.deploymentName, temporal.workerVersioning.buildId]
- expected: a size such as 2Gi
  pattern: '^[0-9]*[1-9][0-9]*([.][0-9]+)?([kMGTPE]i?)?$'
  required: [temporal.embedded.persistence.size]
- expected: the value of a label, of at most 63 letters, digits, hyphens, dots and underscores
  pattern: '^{{ $name }}$'
  optional: [watchFilter]
- expected: at most 63 small letters, digits and hyphens, such as east-1
  pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'
  optional: [managementCluster, runtimeExtension.configName]
- expected: the names of ClusterClass variables, such as clusterVip or network.vip,vip
  pattern: '^{{ $variable }}( *, *{{ $variable }})*$'
  optional: [controlPlaneVariable, ingressVariable]
- expected: a DNS name that has {cluster} and {namespace} in different labels, such as {cluster}.{namespace}.k8s.example.com
  pattern: '^(\*\.)?({{ $label }}\.)*({{ $cluster }}\.({{ $label }}\.)*{{ $namespace }}|{{ $namespace }}\.({{ $label }}\.)*{{ $cluster }})(\.{{ $label }})*$'
  optional: [dnsNames.controlPlane, dnsNames.ingress]
- expected: a kind of pools such as IPPool.ipam.metal3.io or IPPool.ipam.metal3.io/v1alpha1
  pattern: '^[A-Z][A-Za-z0-9]*([.][a-z0-9-]+){2,}(/v[0-9]+((alpha|beta)[0-9]+)?)?$'
  required: [poolKinds]
- expected: a label selector such as team=blue,env in (test,prod),!legacy
  pattern: '^\s*{{ $requirement }}(\s*,\s*{{ $requirement }})*\s*$'
  optional: [runtimeExtension.namespaceSelector]
- expected: a duration such as 30s or 1m30s
  pattern: '^(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?$'
  optional: [serviceMonitor.interval, serviceMonitor.scrapeTimeout, podMonitor.interval, podMonitor.scrapeTimeout]
{{- end }}

{{/* The value at a path, in JSON as `{"value": …}`. Takes root and path. */}}
{{- define "capi-vip-allocator.valueAt" -}}
{{- $value := .root.Values }}
{{- range splitList "." .path }}
{{- $value = kindIs "map" $value | ternary (index (kindIs "map" $value | ternary $value dict) .) (index dict .) }}
{{- end }}
{{- dict "value" $value | toRawJson }}
{{- end }}

{{- define "capi-vip-allocator.textFaults" -}}
{{- range $format := include "capi-vip-allocator.formats" . | fromYamlArray }}
{{- range $path := concat ($format.required | default list) ($format.optional | default list) }}
{{- $value := (include "capi-vip-allocator.valueAt" (dict "root" $ "path" $path) | fromJson).value }}
{{- $texts := dict }}
{{- if kindIs "slice" $value }}
{{- range $index, $item := $value }}
{{- if kindIs "map" $item }}
{{- $_ := set $texts (printf "%s[%d].name" $path $index) $item.name }}
{{- else }}
{{- $_ := set $texts (printf "%s[%d]" $path $index) $item }}
{{- end }}
{{- end }}
{{- else if not (kindIs "invalid" $value) }}
{{- $_ := set $texts $path $value }}
{{- end }}
{{- range $name, $text := $texts }}
{{- if not (or (and (has $path ($format.optional | default list)) (eq $text "")) (regexMatch $format.pattern $text)) }}
- {{ $name }} is {{ toRawJson $text }}: expected {{ $format.expected }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels, annotations, and amounts of resources. */}}
{{- define "capi-vip-allocator.mapFaults" -}}
{{- $name := "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?" }}
{{- $key := printf "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?%s$" $name }}
{{- $selecting := list "app.kubernetes.io/name" "app.kubernetes.io/instance" }}
{{- if eq .Values.mode "apart" }}
{{- $selecting = append $selecting "app.kubernetes.io/component" }}
{{- end }}
{{- $own := concat $selecting (list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart") }}
{{- range $path, $taken := dict "commonLabels" $own "podLabels" $selecting "nodeSelector" list "dashboard.labels" $own "serviceMonitor.additionalLabels" $own "podMonitor.additionalLabels" $own "prometheusRule.additionalLabels" $own }}
{{- range $label, $value := (include "capi-vip-allocator.valueAt" (dict "root" $ "path" $path) | fromJson).value }}
{{- if has $label $taken }}
- {{ $path }} has the key {{ toRawJson $label }}: expected a label that the chart does not set itself
{{- else if not (regexMatch $key $label) }}
- {{ $path }} has the key {{ toRawJson $label }}: expected the key of a label, such as team or example.org/team
{{- else if not (regexMatch (printf "^(%s)?$" $name) $value) }}
- {{ $path }}.{{ $label }} is {{ toRawJson $value }}: expected the value of a label, of at most 63 letters, digits, hyphens, dots and underscores
{{- end }}
{{- end }}
{{- end }}
{{- range $path := list "commonAnnotations" "serviceAccount.annotations" "deploymentAnnotations" "podAnnotations" "metrics.service.annotations" "dashboard.annotations" }}
{{- range $annotation, $_ := (include "capi-vip-allocator.valueAt" (dict "root" $ "path" $path) | fromJson).value }}
{{- if not (regexMatch (replace "[a-z0-9]([-a-z0-9.]" "[A-Za-z0-9]([-A-Za-z0-9.]" $key) $annotation) }}
- {{ $path }} has the key {{ toRawJson $annotation }}: expected the key of an annotation, such as example.org/contact
{{- end }}
{{- end }}
{{- end }}
{{- range $label, $_ := .Values.prometheusRule.additionalAlertLabels }}
{{- if eq $label "severity" }}
- prometheusRule.additionalAlertLabels has the key "severity": expected a label that the alerts do not have
{{- else if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $label) }}
- prometheusRule.additionalAlertLabels has the key {{ toRawJson $label }}: expected a label of Prometheus, of letters, digits and underscores
{{- end }}
{{- end }}
{{- range $path := list "resources" "watcher.resources" "worker.resources" "temporal.embedded.resources" }}
{{- include "capi-vip-allocator.resourceFaults" (dict "path" $path "resources" (include "capi-vip-allocator.valueAt" (dict "root" $ "path" $path) | fromJson).value) }}
{{- end }}
{{- end }}

{{/* Takes path and resources. */}}
{{- define "capi-vip-allocator.resourceFaults" -}}
{{- $path := .path }}
{{- $resources := .resources | default dict }}
{{- $units := dict "n" 1e-9 "u" 1e-6 "m" 1e-3 "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 }}
{{- $amounts := dict }}
{{- range $bound := list "requests" "limits" }}
{{- range $resource, $quantity := get $resources $bound | default dict }}
{{- $text := toString $quantity }}
{{- if regexMatch "^[0-9]+([.][0-9]*)?([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$" $text }}
{{- $unit := regexFind "([numkMGTPE]|[KMGTPE]i)$" $text }}
{{- $_ := set $amounts (printf "%s.%s" $bound $resource) (mulf (trimSuffix $unit $text | float64) (get $units $unit)) }}
{{- else if not (kindIs "invalid" $quantity) }}
- {{ $path }}.{{ $bound }}.{{ $resource }} is {{ toRawJson $quantity }}: expected an amount such as 100m or 256Mi
{{- end }}
{{- end }}
{{- end }}
{{- range $resource, $request := $resources.requests }}
{{- $limit := get ($resources.limits | default dict) $resource }}
{{- $requested := get $amounts (printf "requests.%s" $resource) | default 0.0 }}
{{- $limited := get $amounts (printf "limits.%s" $resource) | default $requested }}
{{- if gt $requested $limited }}
- {{ $path }}.requests.{{ $resource }} is {{ toRawJson $request }} and {{ $path }}.limits.{{ $resource }} is {{ toRawJson $limit }}: expected a limit that is not less than the request
{{- end }}
{{- end }}
{{- end }}

{{/* The name of the release, and the place among other charts. */}}
{{- define "capi-vip-allocator.chartFaults" -}}
{{- $name := include "capi-vip-allocator.fullname" . }}
{{- if and (empty .Values.fullnameOverride) (not (regexMatch "^[a-z][-a-z0-9]*[a-z0-9]$" $name)) }}
- fullnameOverride is "" and the release is {{ toRawJson .Release.Name }}: expected a fullnameOverride, since names of Services have small letters, digits and hyphens only, and begin with a letter
{{- end }}
{{- if and .Chart.IsRoot (hasKey .Values "enabled") }}
- enabled is {{ .Values.enabled }}: expected it only where the chart is a dependency of another one, as its condition
{{- end }}
{{- $global := .Values.global | default dict }}
{{- range $key, $_ := $global }}
{{- range $ours := list "imageRegistry" "imagePullSecrets" "cattle" }}
{{- if include "capi-vip-allocator.isMisspelt" (dict "key" $key "ours" $ours) }}
- global has the key {{ toRawJson $key }}: expected {{ $ours }}, or a key of another chart that is less similar
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $_ := $global.cattle | default dict }}
{{- if include "capi-vip-allocator.isMisspelt" (dict "key" $key "ours" "systemDefaultRegistry") }}
- global.cattle has the key {{ toRawJson $key }}: expected systemDefaultRegistry, or a key that is less similar
{{- end }}
{{- end }}
{{- end }}

{{/*
Not empty if a key is another one that differs from ours in one letter, in the order of the letters, or in capitals and
hyphens: keys of other charts are allowed beside ours. Takes key and ours.
*/}}
{{- define "capi-vip-allocator.isMisspelt" -}}
{{- if ne .key .ours }}
{{- $key := regexReplaceAll "[^a-z0-9]" (lower .key) "" }}
{{- $ours := lower .ours }}
{{- $isClose := eq (splitList "" $key | sortAlpha | join "") (splitList "" $ours | sortAlpha | join "") }}
{{- range $at := until (len $ours) }}
{{- $without := print (substr 0 $at $ours) (substr (int (add $at 1)) (len $ours) $ours) }}
{{- $pattern := printf "^(%s|%s.%s|%s)$" $without (substr 0 $at $ours) (substr (int (add $at 1)) (len $ours) $ours) (print (substr 0 $at $ours) "." (substr $at (len $ours) $ours)) }}
{{- $isClose = or $isClose (regexMatch $pattern $key) (eq $key (print $ours "s")) }}
{{- end }}
{{- if $isClose }}true{{ end }}
{{- end }}
{{- end }}

{{/* Roles and the ServiceAccount. */}}
{{- define "capi-vip-allocator.accountFaults" -}}
{{- $values := .Values }}
{{- with $values.rbac }}
{{- if and .namespaced (empty $values.namespaces) }}
- rbac.namespaced is true and namespaces is []: expected the namespaces to serve
{{- end }}
{{- if and .namespaced (not .create) }}
- rbac.namespaced is true and rbac.create is false: expected rbac.create=true, since no role is made otherwise
{{- end }}
{{- range $name, $value := dict "rbac.classNamespaces" .classNamespaces "rbac.globalPools" .globalPools }}
{{- if and $value (not $values.rbac.create) }}
- {{ $name }} is {{ toRawJson $value }} and rbac.create is false: expected rbac.create=true, since no role is made otherwise
{{- else if and $value (not $values.rbac.namespaced) }}
- {{ $name }} is {{ toRawJson $value }} and rbac.namespaced is false: expected rbac.namespaced=true, or no {{ $name }}, since the ClusterRole permits to read ClusterClasses and pools everywhere
{{- end }}
{{- end }}
{{- end }}
{{- with $values.serviceAccount }}
{{- if and .annotations (not .create) }}
- serviceAccount.annotations is {{ toRawJson .annotations }} and serviceAccount.create is false: expected serviceAccount.create=true, since an account that exists is left alone
{{- end }}
{{- if and (not .automount) (empty $values.extraVolumes) }}
- serviceAccount.automount is false and extraVolumes is []: expected a volume with a token of the account in extraVolumes
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.temporalFaults" -}}
{{- $temporal := .Values.temporal }}
{{- with $temporal.tls }}
{{- range $name, $value := dict "temporal.tls.existingSecret" .existingSecret "temporal.tls.serverName" .serverName }}
{{- if and $value (not $temporal.tls.enabled) }}
- {{ $name }} is {{ toRawJson $value }} and temporal.tls.enabled is false: expected temporal.tls.enabled=true
{{- end }}
{{- end }}
{{- if ne (empty .certKey) (empty .keyKey) }}
- temporal.tls.certKey is {{ toRawJson .certKey }} and temporal.tls.keyKey is {{ toRawJson .keyKey }}: expected both or none
{{- end }}
{{- if and .existingSecret (empty .caKey) (empty .certKey) }}
- temporal.tls.existingSecret is {{ toRawJson .existingSecret }} and temporal.tls.caKey and temporal.tls.certKey are "": expected the keys to use
{{- end }}
{{- end }}
{{- if and $temporal.config.profile (empty $temporal.config.existingSecret) }}
- temporal.config.profile is {{ toRawJson $temporal.config.profile }} and temporal.config.existingSecret is "": expected the Secret with the file that has this profile
{{- end }}
{{- with $temporal.embedded }}
{{- if .enabled }}
{{- range $name, $given := dict "temporal.address" $temporal.address "temporal.tls.enabled" $temporal.tls.enabled "temporal.apiKey.existingSecret" $temporal.apiKey.existingSecret "temporal.config.existingSecret" $temporal.config.existingSecret }}
{{- if $given }}
- temporal.embedded.enabled is true and {{ $name }} is {{ toRawJson $given }}: expected one of the two, the embedded server or another one
{{- end }}
{{- end }}
{{- end }}
{{- if and (empty .image.tag) (empty .image.digest) }}
- temporal.embedded.image.tag is "" and temporal.embedded.image.digest is "": expected one of the two
{{- end }}
{{- if and .persistence.existingClaim (not .persistence.enabled) }}
- temporal.embedded.persistence.existingClaim is {{ toRawJson .persistence.existingClaim }} and temporal.embedded.persistence.enabled is false: expected temporal.embedded.persistence.enabled=true
{{- end }}
{{- end }}
{{- with $temporal.workerVersioning }}
{{- if ne (empty .deploymentName) (empty .buildId) }}
- temporal.workerVersioning.deploymentName is {{ toRawJson .deploymentName }} and temporal.workerVersioning.buildId is {{ toRawJson .buildId }}: expected both or none
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.programFaults" -}}
{{- $values := .Values }}
{{- range $part := list "watcher" "worker" }}
{{- with index $values $part }}
{{- if eq $values.mode "together" }}
- {{ $part }} is {{ toRawJson . }} and mode is "together": expected mode=apart, or replicaCount and resources
{{- end }}
{{- end }}
{{- end }}
{{- $variables := splitList "," (nospace $values.controlPlaneVariable) }}
{{- range splitList "," (nospace $values.ingressVariable) }}
{{- if and . (has . $variables) }}
- controlPlaneVariable is {{ toRawJson $values.controlPlaneVariable }} and ingressVariable is {{ toRawJson $values.ingressVariable }}: expected different variables
{{- end }}
{{- end }}
{{- if and $values.dnsNames.ingress (eq $values.dnsNames.ingress $values.dnsNames.controlPlane) }}
- dnsNames.controlPlane is {{ toRawJson $values.dnsNames.controlPlane }} and dnsNames.ingress is {{ toRawJson $values.dnsNames.ingress }}: expected different names
{{- end }}
{{- $before := "" }}
{{- range $index, $argument := $values.extraArgs }}
{{- $value := include "capi-vip-allocator.valueOfFlag" (regexReplaceAll "=.*$" $argument "") }}
{{- if $value }}
- extraArgs[{{ $index }}] is {{ toRawJson $argument }}: expected {{ $value }}
{{- else if not (or (hasPrefix "-" $argument) (regexMatch "^--[^=]+$" $before)) }}
- extraArgs[{{ $index }}] is {{ toRawJson $argument }}: expected a flag, such as --log-level=debug
{{- end }}
{{- $before = $argument }}
{{- end }}
{{- $taken := list }}
{{- range include "capi-vip-allocator.ownEnv" . | fromYamlArray }}
{{- $taken = append $taken .name }}
{{- end }}
{{- range $index, $variable := $values.extraEnv }}
{{- if not (regexMatch "^[-._a-zA-Z][-._a-zA-Z0-9]*$" .name) }}
- extraEnv[{{ $index }}].name is {{ toRawJson .name }}: expected the name of a variable
{{- else if include "capi-vip-allocator.valueOfFlag" (.name | replace "CAPI_VIP_ALLOCATOR_" "--" | replace "_" "-" | lower) }}
- extraEnv[{{ $index }}].name is {{ toRawJson .name }}: expected {{ include "capi-vip-allocator.valueOfFlag" (.name | replace "CAPI_VIP_ALLOCATOR_" "--" | replace "_" "-" | lower) }}
{{- else if has .name $taken }}
- extraEnv[{{ $index }}].name is {{ toRawJson .name }}: expected a variable that is not there yet, by extraEnv or by the value that sets it
{{- end }}
{{- if and .value .valueFrom }}
- extraEnv[{{ $index }}].value is {{ toRawJson .value }} and extraEnv[{{ $index }}].valueFrom is {{ toRawJson .valueFrom }}: expected one of the two
{{- end }}
{{- $taken = append $taken .name }}
{{- end }}
{{- end }}

{{/* The value in place of a flag that needs more than itself. Takes the flag. */}}
{{- define "capi-vip-allocator.valueOfFlag" -}}
{{- if has . (list "--metrics-bind-address" "--metrics-bind-addr" "--metrics-addr" "--diagnostics-address") -}}
metrics.enabled and metrics.port, which Services and monitors follow
{{- else if has . (list "--health-probe-bind-address" "--health-addr") -}}
healthProbe.port, which the probes follow
{{- else if hasPrefix "--runtime-extension-" . -}}
the values of runtimeExtension, with which rights, Service and volumes come
{{- else if eq . "--pool-kinds" -}}
poolKinds, with which the rights come
{{- else if regexMatch "^--(control-plane|ingress)-dns-name$" . -}}
dnsNames.controlPlane or dnsNames.ingress, with which the rights come
{{- end }}
{{- end }}

{{/* Volumes, probes and the update of the Pods. */}}
{{- define "capi-vip-allocator.podFaults" -}}
{{- $values := .Values }}
{{- $names := list }}
{{- range include "capi-vip-allocator.ownVolumes" . | fromYamlArray }}
{{- $names = append $names .name }}
{{- end }}
{{- range $index, $volume := $values.extraVolumes }}
{{- if has .name $names }}
- extraVolumes[{{ $index }}].name is {{ toRawJson .name }}: expected a name that no other volume has
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- $paths := list }}
{{- range include "capi-vip-allocator.ownVolumeMounts" . | fromYamlArray }}
{{- $paths = append $paths .mountPath }}
{{- end }}
{{- range $index, $mount := $values.extraVolumeMounts }}
{{- if not (has .name $names) }}
- extraVolumeMounts[{{ $index }}].name is {{ toRawJson .name }}: expected the name of a volume{{ with $names }}, one of {{ join ", " . }}{{ else }} in extraVolumes{{ end }}
{{- end }}
{{- if has .mountPath $paths }}
- extraVolumeMounts[{{ $index }}].mountPath is {{ toRawJson .mountPath }}: expected a path where nothing else is mounted
{{- end }}
{{- $paths = append $paths .mountPath }}
{{- end }}
{{- if and (eq $values.dnsPolicy "None") (empty ($values.dnsConfig | default dict).nameservers) }}
- dnsPolicy is "None" and dnsConfig.nameservers is []: expected the addresses of name servers
{{- end }}
{{- range $index, $alias := $values.hostAliases }}
{{- if not (regexMatch "^([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$" .ip) }}
- hostAliases[{{ $index }}].ip is {{ toRawJson .ip }}: expected an IP address
{{- end }}
{{- end }}
{{- range $index, $object := $values.extraObjects }}
{{- $text := tpl (kindIs "string" $object | ternary $object (toYaml $object)) $ }}
{{- $rendered := fromYaml $text }}
{{- if and $rendered (not (and $rendered.apiVersion $rendered.kind)) }}
- extraObjects[{{ $index }}] is {{ trunc 100 $text | toRawJson }}: expected an object with apiVersion, kind and metadata
{{- end }}
{{- end }}
{{- with $values.strategy }}
{{- $update := .rollingUpdate | default dict }}
{{- if and (eq (.type | default "") "Recreate") $update }}
- strategy.type is "Recreate" and strategy.rollingUpdate is {{ toRawJson $update }}: expected one of the two
{{- end }}
{{- range $name, $value := $update }}
{{- if not (regexMatch "^[0-9]+%?$" (toString $value)) }}
- strategy.rollingUpdate.{{ $name }} is {{ toRawJson $value }}: expected a number or a percentage, such as 1 or 25%
{{- end }}
{{- end }}
{{- if and (regexMatch "^0+%?$" (get $update "maxUnavailable" | toString)) (regexMatch "^0+%?$" (get $update "maxSurge" | toString)) }}
- strategy.rollingUpdate is {{ toRawJson $update }}: expected one of the two above 0, since no update would ever begin
{{- end }}
{{- end }}
{{- end }}

{{/* Ports that the program listens on. */}}
{{- define "capi-vip-allocator.portFaults" -}}
{{- $taken := dict }}
{{- range $port := include "capi-vip-allocator.ports" . | fromJsonArray }}
{{- $key := toString $port.number }}
{{- with get $taken $key }}
- {{ . }} is {{ $port.number }} and {{ $port.name }} is {{ $port.number }}: expected different ports
{{- end }}
{{- $_ := set $taken $key $port.name }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.ports" -}}
{{- $ports := list (dict "name" "healthProbe.port" "number" (int .Values.healthProbe.port)) }}
{{- if .Values.metrics.enabled }}
{{- $ports = append $ports (dict "name" "metrics.port" "number" (int .Values.metrics.port)) }}
{{- end }}
{{- if .Values.runtimeExtension.enabled }}
{{- $ports = append $ports (dict "name" "runtimeExtension.port" "number" (int .Values.runtimeExtension.port)) }}
{{- end }}
{{- toJson $ports }}
{{- end }}

{{/* How many of some Pods an amount is, rounded up as a PodDisruptionBudget does. Takes amount and pods. */}}
{{- define "capi-vip-allocator.amountOf" -}}
{{- $number := trimSuffix "%" (toString .amount) | int }}
{{- hasSuffix "%" (toString .amount) | ternary (div (add (mul $number .pods) 99) 100) $number }}
{{- end }}

{{/* Replicas of the Deployment of a command. Takes root and command. */}}
{{- define "capi-vip-allocator.replicas" -}}
{{- $own := index .root.Values .command | default dict }}
{{- hasKey $own "replicaCount" | ternary $own.replicaCount .root.Values.replicaCount | int }}
{{- end }}

{{- define "capi-vip-allocator.budgetFaults" -}}
{{- $root := . }}
{{- with .Values.podDisruptionBudget }}
{{- if .enabled }}
{{- $most := kindIs "invalid" .maxUnavailable | ternary "" .maxUnavailable | toString }}
{{- $least := kindIs "invalid" .minAvailable | ternary "" .minAvailable | toString }}
{{- $isWritten := true }}
{{- range $name, $amount := dict "maxUnavailable" $most "minAvailable" $least }}
{{- if not (regexMatch "^([0-9]{1,9}|([0-9]{1,2}|100)%)?$" $amount) }}
{{- $isWritten = false }}
- podDisruptionBudget.{{ $name }} is {{ toRawJson $amount }}: expected a number of Pods or a percentage up to 100%
{{- end }}
{{- end }}
{{- if eq (empty $least) (empty $most) }}
- podDisruptionBudget.minAvailable is {{ toRawJson $least }} and podDisruptionBudget.maxUnavailable is {{ toRawJson $most }}: expected one of the two
{{- else if regexMatch "^0+%?$" $most }}
- podDisruptionBudget.maxUnavailable is {{ toRawJson $root.Values.podDisruptionBudget.maxUnavailable }}: expected at least 1, since no drain would ever end
{{- else if and $least $isWritten }}
{{- range $command := include "capi-vip-allocator.commands" $root | fromJsonArray }}
{{- $replicas := include "capi-vip-allocator.replicas" (dict "root" $root "command" $command) | int }}
{{- if and $replicas (ge (include "capi-vip-allocator.amountOf" (dict "amount" $least "pods" $replicas) | int) $replicas) }}
- podDisruptionBudget.minAvailable is {{ toRawJson $root.Values.podDisruptionBudget.minAvailable }} and {{ ne $command "run" | ternary (printf "the replicaCount of the %s" $command) "replicaCount" }} is {{ $replicas }}: expected fewer Pods than there are, since no drain would ever end
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.networkFaults" -}}
{{- with .Values.networkPolicy }}
{{- if and .enabled (not .temporalPort) $.Values.temporal.config.existingSecret (empty $.Values.temporal.address) }}
- networkPolicy.temporalPort is 0, temporal.address is "" and temporal.config.existingSecret is {{ toRawJson $.Values.temporal.config.existingSecret }}: expected the port of the address in its file as networkPolicy.temporalPort
{{- end }}
{{- end }}
{{- range $path := list "networkPolicy.apiServer" "networkPolicy.temporal" "networkPolicy.monitoring" "runtimeExtension.from" "temporal.embedded.networkPolicy.extraFrom" }}
{{- range $index, $peer := (include "capi-vip-allocator.valueAt" (dict "root" $ "path" $path) | fromJson).value }}
{{- with .ipBlock }}
{{- if not (regexMatch "^([0-9]{1,3}([.][0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/([0-9]{1,2}|1[01][0-9]|12[0-8]))$" .cidr) }}
- {{ $path }}[{{ $index }}].ipBlock.cidr is {{ toRawJson .cidr }}: expected a range of addresses such as 10.0.0.0/8
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.monitoringFaults" -}}
{{- $values := .Values }}
{{- range $name := list "serviceMonitor" "podMonitor" "prometheusRule" "dashboard" }}
{{- if and (index $values $name).enabled (not $values.metrics.enabled) }}
- {{ $name }}.enabled is true and metrics.enabled is false: expected metrics.enabled=true
{{- end }}
{{- end }}
{{- if and $values.serviceMonitor.enabled (not $values.metrics.service.enabled) }}
- serviceMonitor.enabled is true and metrics.service.enabled is false: expected metrics.service.enabled=true, or a podMonitor
{{- end }}
{{- if and $values.serviceMonitor.enabled $values.podMonitor.enabled }}
- serviceMonitor.enabled is true and podMonitor.enabled is true: expected one of the two, since every series comes twice otherwise
{{- end }}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 }}
{{- range $name := list "serviceMonitor" "podMonitor" }}
{{- with index $values $name }}
{{- $times := dict }}
{{- range $key, $text := dict "interval" .interval "scrapeTimeout" .scrapeTimeout }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+(ms|[smhdwy])" $text -1 }}
{{- $unit := regexFind "[a-z]+$" . }}
{{- $sum = add $sum (mul (trimSuffix $unit . | int64) (get $units $unit)) }}
{{- end }}
{{- $_ := set $times $key $sum }}
{{- end }}
{{- if and .interval .scrapeTimeout (gt $times.scrapeTimeout $times.interval) }}
- {{ $name }}.scrapeTimeout is {{ toRawJson .scrapeTimeout }} and {{ $name }}.interval is {{ toRawJson .interval }}: expected a timeout that is not longer than the interval
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.extensionFaults" -}}
{{- with .Values.runtimeExtension }}
{{- if and .certManager.issuerRef (not .certManager.enabled) }}
- runtimeExtension.certManager.issuerRef is {{ toRawJson .certManager.issuerRef }} and runtimeExtension.certManager.enabled is false: expected runtimeExtension.certManager.enabled=true
{{- else if and .certManager.issuerRef (empty .certManager.issuerRef.name) }}
- runtimeExtension.certManager.issuerRef is {{ toRawJson .certManager.issuerRef }}: expected the name of an issuer too
{{- end }}
{{- /* Its other values may stay when it is turned off: one value has to do where core cannot start. */}}
{{- if .enabled }}
{{- if eq (empty .certificate.existingSecret) (not .certManager.enabled) }}
- runtimeExtension.certificate.existingSecret is {{ toRawJson .certificate.existingSecret }} and runtimeExtension.certManager.enabled is {{ .certManager.enabled }}: expected one of the two
{{- end }}
{{- $certificate := .certificate }}
{{- if .certManager.enabled }}
{{- range $name, $key := dict "certKey" "tls.crt" "keyKey" "tls.key" "caKey" "ca.crt" }}
{{- if ne (get $certificate $name) $key }}
- runtimeExtension.certificate.{{ $name }} is {{ toRawJson (get $certificate $name) }} and runtimeExtension.certManager.enabled is true: expected {{ $key }}, the key of cert-manager
{{- end }}
{{- end }}
{{- end }}
{{- include "capi-vip-allocator.outageFaults" $ }}
{{- end }}
{{- end }}
{{- end }}

{{/* What would take away all replicas that answer core, which then neither starts nor reconciles Clusters of the extension. */}}
{{- define "capi-vip-allocator.outageFaults" -}}
{{- $replicas := include "capi-vip-allocator.replicas" (dict "root" . "command" (include "capi-vip-allocator.extensionCommand" .)) | int }}
{{- if lt $replicas 2 }}
- runtimeExtension.enabled is true and replicaCount is {{ $replicas }}: expected at least 2, since Cluster API core neither starts nor reconciles such Clusters while no replica answers
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- if not .enabled }}
- runtimeExtension.enabled is true and podDisruptionBudget.enabled is false: expected podDisruptionBudget.enabled=true, since a drain would take all replicas away at once
{{- else if and (ge $replicas 2) .maxUnavailable (ge (include "capi-vip-allocator.amountOf" (dict "amount" .maxUnavailable "pods" $replicas) | int) $replicas) }}
- runtimeExtension.enabled is true and podDisruptionBudget.maxUnavailable is {{ toRawJson .maxUnavailable }}: expected fewer than the {{ $replicas }} replicas, since a drain would take all of them away at once
{{- else if regexMatch "^0+%?$" (toString .minAvailable) }}
- runtimeExtension.enabled is true and podDisruptionBudget.minAvailable is {{ toRawJson .minAvailable }}: expected at least 1, since a drain would take all replicas away at once
{{- end }}
{{- end }}
{{- with .Values.strategy }}
{{- if eq (.type | default "") "Recreate" }}
- runtimeExtension.enabled is true and strategy.type is "Recreate": expected RollingUpdate, since an update would take all replicas away at once
{{- end }}
{{- $gone := (.rollingUpdate | default dict).maxUnavailable | default 0 }}
{{- $number := trimSuffix "%" (toString $gone) | int }}
{{- if and (ge $replicas 2) (ge (hasSuffix "%" (toString $gone) | ternary (div (mul $number $replicas) 100) $number | int) $replicas) }}
- runtimeExtension.enabled is true and strategy.rollingUpdate.maxUnavailable is {{ toRawJson $gone }}: expected fewer than the {{ $replicas }} replicas, since an update would take all of them away at once
{{- end }}
{{- end }}
{{- end }}
