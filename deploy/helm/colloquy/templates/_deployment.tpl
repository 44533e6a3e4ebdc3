{{- /* { root, name, component, roles, replicas (none: an autoscaler's), resources } */}}
{{- define "colloquy.deployment" -}}
{{- $values := .root.Values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    {{- include "colloquy.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with $values.deploymentAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
  {{- end }}
  minReadySeconds: 5
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {{- toYaml $values.strategy | nindent 6 }}
  selector:
    matchLabels:
      {{- include "colloquy.selectorLabels" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      {{- include "colloquy.podMetadata" (dict "root" .root "component" .component "container" "colloquy") | nindent 6 }}
    spec:
      {{- include "colloquy.podSpec" (dict "root" .root "serviceAccountName" (include "colloquy.serviceAccountName" .root)) | nindent 6 }}
      terminationGracePeriodSeconds: {{ add (ceil (divf $values.shutdown.timeoutMs 1000)) 5 }}
      {{- with $values.affinity }}
      affinity: {{- tpl (toYaml .) $.root | nindent 8 }}
      {{- end }}
      {{- with $values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- range . }}
        - {{- toYaml . | nindent 10 }}
          labelSelector:
            matchLabels:
              {{- include "colloquy.selectorLabels" $.root | nindent 14 }}
              app.kubernetes.io/component: {{ $.component }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      {{- end }}
      {{- if eq $values.migrations.mode "initContainer" }}
      initContainers:
        - {{- include "colloquy.migrationsContainer" .root | nindent 10 }}
      {{- end }}
      containers:
        - name: colloquy
          {{- include "colloquy.container" (dict "root" .root "roles" .roles) | nindent 10 }}
          ports:
            {{- if ne .component "worker" }}
            - { name: http, containerPort: 3000 }
            {{- end }}
            - { name: operations, containerPort: 9090 }
          # Ports open once the database is reached and, with `run`, migrations are done, for which it waits 60 s.
          startupProbe:
            httpGet: { path: /healthz, port: operations }
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 45
          # Never asks the database: an outage of it restarts nobody.
          livenessProbe:
            httpGet: { path: /healthz, port: operations }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          # /readyz answers within 2 s.
          readinessProbe:
            httpGet: { path: {{ $values.readiness.path }}, port: operations }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          resources: {{- toYaml .resources | nindent 12 }}
        {{- with $values.extraContainers }}
        {{- tpl (toYaml .) $.root | nindent 8 }}
        {{- end }}
{{- end }}
