{{- /* The configuration of every process: { root, roles }. Names and meanings are those of Colloquy's README. */}}
{{- define "colloquy.env" -}}
{{- $values := .root.Values -}}
{{- $secrets := "/run/secrets/colloquy" -}}
- { name: PORT, value: '3000' }
- { name: METRICS_PORT, value: '9090' }
- { name: HOST, value: {{ $values.host | quote }} }
- { name: ROLES, value: {{ .roles | quote }} }
- { name: SHUTDOWN_DELAY_MS, value: {{ $values.shutdown.delayMs | int | quote }} }
- { name: SHUTDOWN_TIMEOUT_MS, value: {{ $values.shutdown.timeoutMs | int | quote }} }
{{- if $values.database.hosts }}
- { name: DATABASE_HOSTS, value: {{ join "," $values.database.hosts | quote }} }
- { name: DATABASE_NAME, value: {{ $values.database.name | quote }} }
- { name: DATABASE_USER_FILE, value: {{ $secrets }}/database-user }
- { name: DATABASE_PASSWORD_FILE, value: {{ $secrets }}/database-password }
{{- else }}
- { name: DATABASE_URL_FILE, value: {{ $secrets }}/database-url }
{{- end }}
# Instead of the image's own default, a SQLite file.
- { name: DATABASE_URL, value: '' }
- { name: DATABASE_TLS, value: {{ $values.database.tls.mode | quote }} }
{{- with $values.database.tls.existingSecret }}
{{- if and .name (ne $values.database.tls.mode "off") }}
{{- if .caKey }}
- { name: DATABASE_TLS_CA_FILE, value: {{ $secrets }}/database-tls-ca }
{{- end }}
{{- if .certKey }}
- { name: DATABASE_TLS_CERT_FILE, value: {{ $secrets }}/database-tls-cert }
- { name: DATABASE_TLS_KEY_FILE, value: {{ $secrets }}/database-tls-key }
{{- end }}
{{- end }}
{{- end }}
- { name: DATABASE_POOL_SIZE, value: {{ $values.database.poolSize | int | quote }} }
- { name: DATABASE_MIGRATIONS, value: {{ eq $values.migrations.mode "atStart" | ternary "run" "check" }} }
- { name: AUTH_MODE, value: {{ join "," $values.auth.modes | quote }} }
{{- if has "jwt" $values.auth.modes }}
{{- with $values.auth.jwt }}
{{- if .jwksUrl }}
- { name: AUTH_JWKS_URL, value: {{ .jwksUrl | quote }} }
{{- end }}
{{- if .publicKey }}
- { name: AUTH_JWT_PUBLIC_KEY, value: {{ .publicKey | quote }} }
{{- end }}
{{- if .existingSecret.name }}
- { name: AUTH_JWT_SECRET_FILE, value: {{ $secrets }}/jwt-secret }
{{- end }}
{{- if .issuer }}
- { name: AUTH_JWT_ISSUER, value: {{ .issuer | quote }} }
{{- end }}
{{- if .audience }}
- { name: AUTH_JWT_AUDIENCE, value: {{ .audience | quote }} }
{{- end }}
{{- range $claim, $name := .claims }}
{{- if $name }}
- { name: AUTH_CLAIM_{{ snakecase $claim | upper }}, value: {{ $name | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with $values.rateLimit }}
{{- if .requestsPerSecond }}
- { name: RATE_LIMIT, value: {{ .requestsPerSecond | int | quote }} }
{{- end }}
{{- if .burst }}
- { name: RATE_LIMIT_BURST, value: {{ .burst | int | quote }} }
{{- end }}
{{- end }}
{{- if $values.redis.existingSecret.name }}
- { name: REDIS_URL_FILE, value: {{ $secrets }}/redis-url }
{{- end }}
- { name: LOG_LEVEL, value: {{ $values.log.level | quote }} }
- { name: LOG_FORMAT, value: json }
{{- with $values.publicUrl }}
- { name: PUBLIC_URL, value: {{ . | quote }} }
{{- end }}
{{- with $values.corsOrigins }}
- { name: CORS_ORIGINS, value: {{ join "," . | quote }} }
{{- end }}
- { name: EVENTS, value: {{ $values.events.mode | quote }} }
- { name: EVENTS_RETENTION_DAYS, value: {{ $values.events.retentionDays | int | quote }} }
{{- with $values.webhooks }}
{{- if .existingSecret.name }}
- { name: WEBHOOK_KEY_FILE, value: {{ $secrets }}/webhook-key }
{{- end }}
{{- if .allow }}
- { name: WEBHOOK_ALLOW, value: {{ join "," .allow | quote }} }
{{- end }}
{{- if .proxyUrl }}
- { name: WEBHOOK_PROXY, value: {{ .proxyUrl | quote }} }
{{- end }}
{{- end }}
{{- with $values.traces }}
{{- if .endpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ .ratio | quote }} }
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: OTEL_RESOURCE_ATTRIBUTES, value: 'k8s.namespace.name={{ $.root.Release.Namespace }},k8s.pod.name=$(POD_NAME)' }
{{- end }}
{{- end }}
- { name: SWAGGER, value: {{ $values.swagger | ternary "on" "off" | quote }} }
{{- end }}

{{- /* The files that the configuration names, from Secrets that exist. */}}
{{- define "colloquy.secretsVolume" -}}
{{- $values := .Values -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ required "database.existingSecret.name: a Secret with the database's URL, or its user and password" $values.database.existingSecret.name }}
          items:
            {{- with $values.database.existingSecret }}
            {{- if $values.database.hosts }}
            - { key: {{ .userKey }}, path: database-user }
            - { key: {{ .passwordKey }}, path: database-password }
            {{- else }}
            - { key: {{ .urlKey }}, path: database-url }
            {{- end }}
            {{- end }}
      {{- with $values.database.tls.existingSecret }}
      {{- if and .name (ne $values.database.tls.mode "off") (or .caKey .certKey) }}
      - secret:
          name: {{ .name }}
          items:
            {{- if .caKey }}
            - { key: {{ .caKey }}, path: database-tls-ca }
            {{- end }}
            {{- if .certKey }}
            - { key: {{ .certKey }}, path: database-tls-cert }
            - { key: {{ .keyKey }}, path: database-tls-key }
            {{- end }}
      {{- end }}
      {{- end }}
      {{- with $values.auth.jwt.existingSecret }}
      {{- if and .name (has "jwt" $values.auth.modes) }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key }}, path: jwt-secret }
      {{- end }}
      {{- end }}
      {{- with $values.redis.existingSecret }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key }}, path: redis-url }
      {{- end }}
      {{- end }}
      {{- with $values.webhooks.existingSecret }}
      {{- if .name }}
      - secret:
          name: {{ .name }}
          items:
            - { key: {{ .key }}, path: webhook-key }
      {{- end }}
      {{- end }}
{{- end }}

{{- /* What the containers of every pod have in common. */}}
{{- define "colloquy.container" -}}
image: {{ include "colloquy.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- toYaml .root.Values.containerSecurityContext | nindent 2 }}
env:
  {{- include "colloquy.env" . | nindent 2 }}
  {{- with .root.Values.extraEnv }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- with .root.Values.extraEnvFrom }}
envFrom: {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: secrets, mountPath: /run/secrets/colloquy, readOnly: true }
  {{- with .root.Values.extraVolumeMounts }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "colloquy.migrationsContainer" -}}
name: migrations
command: [node, dist/cli/migrations.js, run]
resources: {{- toYaml .Values.migrations.resources | nindent 2 }}
{{ include "colloquy.container" (dict "root" . "roles" "api,worker") }}
{{- end }}

{{- /* What every pod has in common: { root, serviceAccountName }. */}}
{{- define "colloquy.podSpec" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ .serviceAccountName }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- with $values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  {{- include "colloquy.secretsVolume" .root | nindent 2 }}
  {{- with $values.extraVolumes }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "colloquy.podMetadata" -}}
labels:
  {{- include "colloquy.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.podLabels }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
annotations:
  kubectl.kubernetes.io/default-container: {{ .container }}
  {{- with .root.Values.secretRevision }}
  colloquy/secret-revision: {{ . | quote }}
  {{- end }}
  {{- with .root.Values.podAnnotations }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- end }}
