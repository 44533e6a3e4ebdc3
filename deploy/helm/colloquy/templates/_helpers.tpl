{{- define "colloquy.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* At most 50 characters: names of objects add up to 13 more. */}}
{{- define "colloquy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "colloquy.name" .) .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "colloquy.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "colloquy.selectorLabels" -}}
app.kubernetes.io/name: {{ include "colloquy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "colloquy.labels" -}}
{{ include "colloquy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "colloquy.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "colloquy.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "colloquy.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ required "image.repository: push the image that docker/Dockerfile builds, and say where" .Values.image.repository }}:{{ $tag }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Each replica holds up to poolSize connections to each host. While pods are replaced, maxSurge more run. */}}
{{- define "colloquy.connections" -}}
{{- $api := .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.replicas -}}
{{- $replicas := add $api .Values.strategy.maxSurge -}}
{{- if .Values.worker.enabled }}{{ $replicas = add $replicas .Values.worker.replicas .Values.strategy.maxSurge }}{{ end -}}
{{ mul $replicas .Values.database.poolSize }}
{{- end }}

{{- /* What no schema of single values can say. */}}
{{- define "colloquy.check" -}}
{{- if ge (int .Values.shutdown.delayMs) (int .Values.shutdown.timeoutMs) }}
{{- fail "shutdown.delayMs must be less than shutdown.timeoutMs, which counts from SIGTERM" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas must not be more than autoscaling.maxReplicas" }}
{{- end }}
{{- if and (eq (toString .Values.strategy.maxSurge) "0") (eq (toString .Values.strategy.maxUnavailable) "0") }}
{{- fail "strategy.maxSurge and strategy.maxUnavailable must not both be 0" }}
{{- end }}
{{- $connections := include "colloquy.connections" . | int }}
{{- with .Values.database.maxConnections }}
{{- if gt $connections (int .) }}
{{- fail (printf "up to %d connections to a server that takes database.maxConnections %d: lower database.poolSize or the number of replicas" $connections (int .)) }}
{{- end }}
{{- end }}
{{- $own := dict }}
{{- range include "colloquy.env" (dict "root" . "roles" "api") | fromYamlArray }}
{{- $_ := set $own (.name | trimSuffix "_FILE") true }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $own (.name | trimSuffix "_FILE") }}
{{- fail (printf "extraEnv: %s is set by other values of the chart" .name) }}
{{- end }}
{{- end }}
{{- end }}
