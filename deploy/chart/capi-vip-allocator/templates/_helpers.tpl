{{/*
Cut to 43 characters: that leaves room for the longest name that is made of it, the label of the embedded Temporal's Pod
(`-temporal`, and ten characters of its controller).
*/}}
{{- define "capi-vip-allocator.fullname" -}}
{{- $full := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- .Values.fullnameOverride | default $full | trunc 43 | trimSuffix "-" }}
{{- end }}

{{- define "capi-vip-allocator.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "capi-vip-allocator.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "capi-vip-allocator.fullname" .) "default") }}
{{- end }}

{{/* What all Pods of the allocator have in common. `doctor` finds Deployments by the first one. */}}
{{- define "capi-vip-allocator.selectorLabels" -}}
{{- dict "app.kubernetes.io/name" .Chart.Name "app.kubernetes.io/instance" .Release.Name | toYaml }}
{{- end }}

{{- define "capi-vip-allocator.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_")
  "app.kubernetes.io/managed-by" .Release.Service }}
{{- mustMergeOverwrite (deepCopy (.Values.commonLabels | default dict)) $own (include "capi-vip-allocator.selectorLabels" . | fromYaml) | toYaml }}
{{- end }}

{{/* Name, namespace, labels and annotations of an object. Takes root, and optionally name, clusterScoped, namespace, labels, annotations. */}}
{{- define "capi-vip-allocator.metadata" -}}
{{- $root := .root -}}
name: {{ .name | default (include "capi-vip-allocator.fullname" $root) | toYaml }}
{{- if not .clusterScoped }}
namespace: {{ .namespace | default (include "capi-vip-allocator.namespace" $root) | toYaml }}
{{- end }}
labels:
  {{- mustMergeOverwrite (include "capi-vip-allocator.labels" $root | fromYaml) (deepCopy (.labels | default dict)) | toYaml | nindent 2 }}
{{- with mustMergeOverwrite (deepCopy ($root.Values.commonAnnotations | default dict)) (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes root and the values of an image. */}}
{{- define "capi-vip-allocator.image" -}}
{{- $global := .root.Values.global | default dict }}
{{- with $global.imageRegistry | default ($global.cattle | default dict).systemDefaultRegistry | default .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}
{{- with .image.digest }}@{{ . }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* The commands that run, each in a Deployment of its own, as a list in JSON. */}}
{{- define "capi-vip-allocator.commands" -}}
{{- eq .Values.mode "apart" | ternary (list "watcher" "worker") (list "run") | toJson }}
{{- end }}

{{/* Takes root and command. */}}
{{- define "capi-vip-allocator.deploymentName" -}}
{{- include "capi-vip-allocator.fullname" .root }}{{ if ne .command "run" }}-{{ .command }}{{ end }}
{{- end }}

{{/* The Pods of one Deployment. Takes root and command. */}}
{{- define "capi-vip-allocator.podSelectorLabels" -}}
{{- include "capi-vip-allocator.selectorLabels" .root }}
{{- if ne .command "run" }}
app.kubernetes.io/component: {{ .command }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.temporalAddress" -}}
{{- if .Values.temporal.embedded.enabled }}{{ include "capi-vip-allocator.embeddedName" . }}.{{ include "capi-vip-allocator.namespace" . }}.svc:7233
{{- else }}{{ .Values.temporal.address | default (empty .Values.temporal.config.existingSecret | ternary "temporal-frontend.temporal.svc:7233" "") }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.embeddedName" -}}
{{ include "capi-vip-allocator.fullname" . }}-temporal
{{- end }}

{{/* The Pod of the embedded server, which is none of the allocator's. */}}
{{- define "capi-vip-allocator.embeddedSelector" -}}
{{- dict "app.kubernetes.io/name" (printf "%s-temporal" .Chart.Name) "app.kubernetes.io/instance" .Release.Name | toYaml }}
{{- end }}

{{/* The Pod of `helm test`, which Service and PodDisruptionBudget of the allocator do not select. */}}
{{- define "capi-vip-allocator.doctorSelector" -}}
{{- dict "app.kubernetes.io/name" (printf "%s-doctor" .Chart.Name) "app.kubernetes.io/instance" .Release.Name | toYaml }}
{{- end }}

{{/* The port in Temporal's address. */}}
{{- define "capi-vip-allocator.temporalPort" -}}
{{- .Values.networkPolicy.temporalPort | default (include "capi-vip-allocator.temporalAddress" . | regexFind "[0-9]+$") }}
{{- end }}

{{/* Permissions in the served namespaces. */}}
{{- define "capi-vip-allocator.rules" -}}
- apiGroups: [cluster.x-k8s.io]
  resources: [clusters]
  verbs: [get, list, watch, patch]
# Conditions.
- apiGroups: [cluster.x-k8s.io]
  resources: [clusters/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, create, patch]
# A claim blocks the deletion of its Cluster. An API server with the admission plugin
# OwnerReferencesPermissionEnforcement lets only those say so who may set finalizers there.
- apiGroups: [cluster.x-k8s.io]
  resources: [clusters/finalizers]
  verbs: [update]
{{ include "capi-vip-allocator.classRules" . }}
- apiGroups: [ipam.cluster.x-k8s.io]
  resources: [ipaddressclaims]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [ipam.cluster.x-k8s.io]
  resources: [ipaddresses]
  verbs: [get, list, watch, create, delete]
{{ include "capi-vip-allocator.poolRules" . }}
{{- if or .Values.dnsNames.controlPlane .Values.dnsNames.ingress }}
# The DNS names of VIPs, which external-dns publishes.
- apiGroups: [externaldns.k8s.io]
  resources: [dnsendpoints]
  verbs: [get, list, watch, create, patch]
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.classRules" -}}
- apiGroups: [cluster.x-k8s.io]
  resources: [clusterclasses]
  verbs: [get, list, watch]
{{- end }}

{{/* In a served namespace. */}}
{{- define "capi-vip-allocator.ownNamespaceRules" -}}
# The labels of this namespace, by which a GlobalInClusterIPPool can select it.
- apiGroups: ['']
  resources: [namespaces]
  verbs: [get]
{{- end }}

{{/* Everywhere, beside those of the served namespaces. */}}
{{- define "capi-vip-allocator.clusterRules" -}}
{{- if not .Values.poolKinds }}
{{- include "capi-vip-allocator.globalPoolRules" . }}
{{ end }}
{{- "" -}}
# Their labels, by which a pool can select those that may use it. The uid of kube-system says which management cluster
# this is, so that no other one's Workers act on its runs.
- apiGroups: ['']
  resources: [namespaces]
  verbs: [get, list, watch]
{{- end }}

{{/* What no Role of a served namespace permits, as little of it as serves Clusters from global pools. */}}
{{- define "capi-vip-allocator.fewClusterRules" -}}
{{ include "capi-vip-allocator.globalPoolRules" . }}
# Its uid says which management cluster this is, so that no other one's Workers act on its runs.
- apiGroups: ['']
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}

{{/* The pools of a namespace. Of other kinds than ours, it is not known whether they are in namespaces. */}}
{{- define "capi-vip-allocator.poolRules" -}}
{{- if .Values.poolKinds }}
{{- include "capi-vip-allocator.otherPoolRules" . }}
{{- else -}}
- apiGroups: [ipam.cluster.x-k8s.io]
  resources: [inclusterippools]
  verbs: [list, watch]
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.globalPoolRules" -}}
{{- if .Values.poolKinds }}
{{- include "capi-vip-allocator.otherPoolRules" . }}
{{- else -}}
- apiGroups: [ipam.cluster.x-k8s.io]
  resources: [globalinclusterippools]
  verbs: [list, watch]
{{- end }}
{{- end }}

{{/* Of `poolKinds`. The plural of a kind is its name in small letters with an s, as far as providers are known. */}}
{{- define "capi-vip-allocator.otherPoolRules" -}}
{{- $resources := dict }}
{{- range .Values.poolKinds }}
{{- $parts := splitList "." (splitList "/" . | first) }}
{{- $group := join "." (rest $parts) }}
{{- $_ := set $resources $group (append (get $resources $group | default list) (printf "%ss" (first $parts | lower))) }}
{{- end }}
{{- range $group := keys $resources | sortAlpha }}
{{- if ne $group (keys $resources | sortAlpha | first) }}
{{ end }}
{{- "" -}}
- apiGroups: [{{ $group }}]
  resources: [{{ get $resources $group | uniq | join ", " }}]
  verbs: [list, watch]
{{- end }}
{{- end }}

{{/* Takes root, kind and name: the role and its binding have the same. */}}
{{- define "capi-vip-allocator.roleRef" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name | toYaml }}
subjects:
  - kind: ServiceAccount
    name: {{ include "capi-vip-allocator.serviceAccountName" .root | toYaml }}
    namespace: {{ include "capi-vip-allocator.namespace" .root | toYaml }}
{{- end }}

{{/* The program's own variables, without their prefix, in JSON; empty: the program's default. Flags of extraArgs go before. */}}
{{- define "capi-vip-allocator.settings" -}}
{{- $values := .Values }}
{{- $ports := dict
  "METRICS_BIND_ADDRESS" ($values.metrics.enabled | ternary (eq (int $values.metrics.port) 8080 | ternary "" (printf ":%d" (int $values.metrics.port))) "0")
  "HEALTH_PROBE_BIND_ADDRESS" (eq (int $values.healthProbe.port) 8081 | ternary "" (printf ":%d" (int $values.healthProbe.port))) }}
{{- $flags := dict
  "TASK_QUEUE" $values.temporal.taskQueue
  "REGISTER_SEARCH_ATTRIBUTES" (or $values.temporal.registerSearchAttributes $values.temporal.embedded.enabled | ternary "true" "")
  "NAMESPACE" (join "," ($values.namespaces | default list))
  "WATCH_FILTER" $values.watchFilter
  "POOL_KINDS" (join "," ($values.poolKinds | default list))
  "REQUIRE_OPT_IN" ($values.requireOptIn | ternary "true" "")
  "MANAGEMENT_CLUSTER" $values.managementCluster
  "CONTROL_PLANE_VARIABLE" $values.controlPlaneVariable
  "INGRESS_VARIABLE" $values.ingressVariable
  "CONTROL_PLANE_DNS_NAME" $values.dnsNames.controlPlane
  "INGRESS_DNS_NAME" $values.dnsNames.ingress
  "DEFAULT_PORT" (eq (int $values.defaultPort) 6443 | ternary "" (toString (int $values.defaultPort)))
  "LOG_LEVEL" (eq $values.log.level "info" | ternary "" $values.log.level)
  "LOG_FORMAT" (eq $values.log.format "json" | ternary "" $values.log.format) }}
{{- $settings := merge $flags $ports (include "capi-vip-allocator.extensionSettings" . | fromJson) (dict "KUBECONFIG" "" "CONTEXT" "") }}
{{- $given := dict }}
{{- $name := "" }}
{{- range $values.extraArgs }}
{{- $value := . }}
{{- if hasPrefix "--" . }}
{{- $name = regexReplaceAll "=.*$" . "" | trimPrefix "--" | upper | replace "-" "_" }}
{{- $value = contains "=" . | ternary (regexFind "=.*$" . | trimPrefix "=") "true" }}
{{- end }}
{{- if hasKey $settings $name }}
{{- $before := and (has $name (list "NAMESPACE" "POOL_KINDS")) (hasPrefix "--" .) | ternary (get $given $name) "" }}
{{- $_ := set $given $name (empty $before | ternary $value (printf "%s,%s" $before $value)) }}
{{- end }}
{{- end }}
{{- mustMergeOverwrite $settings $given | toJson }}
{{- end }}

{{/* Of the runtime extension, in the same way. */}}
{{- define "capi-vip-allocator.extensionSettings" -}}
{{- $settings := dict }}
{{- with .Values.runtimeExtension }}
{{- if .enabled }}
{{- $files := "/etc/runtime-extension" }}
{{- $settings = dict
  "RUNTIME_EXTENSION_BIND_ADDRESS" (printf ":%d" (int .port))
  "RUNTIME_EXTENSION_CERTIFICATE" (printf "%s/tls/%s" $files .certificate.certKey)
  "RUNTIME_EXTENSION_KEY" (printf "%s/tls/%s" $files .certificate.keyKey)
  "RUNTIME_EXTENSION_CA" (printf "%s/tls/%s" $files .certificate.caKey)
  "RUNTIME_EXTENSION_CLIENT_CA" (empty .clientCa.existingSecret | ternary "" (printf "%s/clients/%s" $files .clientCa.key))
  "RUNTIME_EXTENSION_HANDLERS" (eq (join "," .handlers) "patch" | ternary "" (join "," .handlers))
  "RUNTIME_EXTENSION_REGISTER" (printf "%s/%s" (include "capi-vip-allocator.namespace" $) (include "capi-vip-allocator.extensionName" $))
  "RUNTIME_EXTENSION_NAMESPACE_SELECTOR" .namespaceSelector
  "RUNTIME_EXTENSION_OWNER" ($.Values.rbac.create | ternary (include "capi-vip-allocator.extensionRoleName" $) "")
  "RUNTIME_EXTENSION_CONFIG" (include "capi-vip-allocator.extensionConfigName" $ | eq "capi-vip-allocator" | ternary "" (include "capi-vip-allocator.extensionConfigName" $)) }}
{{- end }}
{{- end }}
{{- $settings | toJson }}
{{- end }}

{{/* Service, certificate and Secret of the runtime extension. */}}
{{- define "capi-vip-allocator.extensionName" -}}
{{ include "capi-vip-allocator.fullname" . }}-runtime-extension
{{- end }}

{{/* The ExtensionConfig, which is cluster-scoped: each release has its own. */}}
{{- define "capi-vip-allocator.extensionConfigName" -}}
{{- .Values.runtimeExtension.configName | default (include "capi-vip-allocator.fullname" .) }}
{{- end }}

{{/*
The ClusterRole that permits the registration, and that owns the ExtensionConfig: Kubernetes deletes both together. So another
ExtensionConfig has another ClusterRole.
*/}}
{{- define "capi-vip-allocator.extensionRoleName" -}}
{{ include "capi-vip-allocator.extensionName" . }}-{{ include "capi-vip-allocator.extensionConfigName" . }}
{{- end }}

{{/* The command that answers calls. */}}
{{- define "capi-vip-allocator.extensionCommand" -}}
{{- include "capi-vip-allocator.commands" . | fromJsonArray | first }}
{{- end }}

{{/*
All settings are variables, so that a command that is run in the Pod, by `kubectl exec` or as the test, has the same ones.
Those at the program's default are left out.
*/}}
{{- define "capi-vip-allocator.env" -}}
{{ include "capi-vip-allocator.ownEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.ownEnv" -}}
{{- $temporal := .Values.temporal }}
{{- with include "capi-vip-allocator.temporalAddress" . }}
- name: TEMPORAL_ADDRESS
  value: {{ toYaml . }}
{{- end }}
{{- with $temporal.namespace | default (empty $temporal.config.existingSecret | ternary "default" "") }}
- name: TEMPORAL_NAMESPACE
  value: {{ toYaml . }}
{{- end }}
{{- if $temporal.config.existingSecret }}
- name: TEMPORAL_CONFIG_FILE
  value: /etc/temporal/config/{{ $temporal.config.key }}
{{- with $temporal.config.profile }}
- name: TEMPORAL_PROFILE
  value: {{ toYaml . }}
{{- end }}
{{- end }}
{{- with $temporal.apiKey.existingSecret }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $temporal.apiKey.key }}
{{- end }}
{{- with $temporal.tls }}
{{- if .enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- with .serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ toYaml . }}
{{- end }}
{{- if .existingSecret }}
{{- range $variable, $key := dict "SERVER_CA_CERT" .caKey "CLIENT_CERT" .certKey "CLIENT_KEY" .keyKey }}
{{- if $key }}
- name: TEMPORAL_TLS_{{ $variable }}_PATH
  value: /etc/temporal/tls/{{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with $temporal.workerVersioning }}
{{- if .deploymentName }}
- name: TEMPORAL_DEPLOYMENT_NAME
  value: {{ toYaml .deploymentName }}
- name: TEMPORAL_WORKER_BUILD_ID
  value: {{ toYaml .buildId }}
{{- end }}
{{- end }}
{{- range $name, $value := include "capi-vip-allocator.settings" . | fromJson }}
{{- if $value }}
- name: CAPI_VIP_ALLOCATOR_{{ $name }}
  value: {{ toYaml $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of the existing Secrets. Mounted whole, so that a renewed Secret arrives. */}}
{{- define "capi-vip-allocator.volumes" -}}
{{ include "capi-vip-allocator.ownVolumes" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.ownVolumes" -}}
{{- with .Values.temporal.config.existingSecret }}
- name: temporal-config
  secret:
    secretName: {{ . }}
{{- end }}
{{- if .Values.temporal.tls.enabled }}
{{- with .Values.temporal.tls.existingSecret }}
- name: temporal-tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.runtimeExtension }}
{{- if .enabled }}
- name: runtime-extension-tls
  secret:
    secretName: {{ .certificate.existingSecret | default (include "capi-vip-allocator.extensionName" $) }}
{{- with .clientCa.existingSecret }}
- name: runtime-extension-clients
  secret:
    secretName: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.volumeMounts" -}}
{{ include "capi-vip-allocator.ownVolumeMounts" . }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "capi-vip-allocator.ownVolumeMounts" -}}
{{- if .Values.temporal.config.existingSecret }}
- name: temporal-config
  mountPath: /etc/temporal/config
  readOnly: true
{{- end }}
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.existingSecret }}
- name: temporal-tls
  mountPath: /etc/temporal/tls
  readOnly: true
{{- end }}
{{- with .Values.runtimeExtension }}
{{- if .enabled }}
- name: runtime-extension-tls
  mountPath: /etc/runtime-extension/tls
  readOnly: true
{{- if .clientCa.existingSecret }}
- name: runtime-extension-clients
  mountPath: /etc/runtime-extension/clients
  readOnly: true
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Those of the platform and of this chart, each once, as a list in JSON. */}}
{{- define "capi-vip-allocator.pullSecrets" -}}
{{- $secrets := list }}
{{- range concat ((.Values.global | default dict).imagePullSecrets | default list) (.Values.imagePullSecrets | default list) }}
{{- $secrets = append $secrets (kindIs "map" . | ternary . (dict "name" .)) }}
{{- end }}
{{- uniq $secrets | toJson }}
{{- end }}

{{/* Where all Pods run, and from which registries. */}}
{{- define "capi-vip-allocator.placement" -}}
{{- with include "capi-vip-allocator.pullSecrets" . | fromJsonArray }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
# Management clusters may have control-plane nodes only.
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
What the Pods of the Deployments and of the test have in common. Pods that come once have the affinity to nodes only:
replicas that keep away from each other would leave no node for them. Takes root, and optionally isReplica.
*/}}
{{- define "capi-vip-allocator.podSettings" -}}
serviceAccountName: {{ include "capi-vip-allocator.serviceAccountName" . | toYaml }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
enableServiceLinks: false
{{- with include "capi-vip-allocator.placement" . | trim }}
{{ . }}
{{- end }}
{{- $affinity := .Values.affinity | default dict }}
{{- with .isReplica | default false | ternary $affinity (pick $affinity "nodeAffinity") }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
# No user and no group: the image names its own by number, and OpenShift's restricted-v2 gives each namespace others.
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "capi-vip-allocator.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the containers of these Pods have in common. */}}
{{- define "capi-vip-allocator.containerSettings" -}}
image: {{ include "capi-vip-allocator.image" (dict "root" . "image" .Values.image) }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
env:
  # As the temporal CLI reads them; TEMPORAL_API_KEY and TEMPORAL_TLS_* work as well.
  {{- include "capi-vip-allocator.env" . | trim | nindent 2 }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "capi-vip-allocator.volumeMounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Requests and limits without those that are null, which would be amounts of 0. Takes resources. */}}
{{- define "capi-vip-allocator.resources" -}}
{{- $resources := dict }}
{{- range $bound, $amounts := . }}
{{- $given := kindIs "map" $amounts | ternary dict $amounts }}
{{- if kindIs "map" $amounts }}
{{- range $resource, $amount := $amounts }}
{{- if not (kindIs "invalid" $amount) }}
{{- $_ := set $given $resource $amount }}
{{- end }}
{{- end }}
{{- end }}
{{- if $given }}
{{- $_ := set $resources $bound $given }}
{{- end }}
{{- end }}
{{- with $resources }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* How Prometheus scrapes a port. Takes the values of the monitor. */}}
{{- define "capi-vip-allocator.scrape" -}}
# Pools and claims have a namespace of their own, which must not be replaced by that of the allocator.
honorLabels: true
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
