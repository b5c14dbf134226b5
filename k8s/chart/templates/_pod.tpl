{{/*
A pod of a role: (dict "root" $ "role" "pipeline" "command" "pipeline" "file" "pipeline.yaml" "config" text "values" .Values.pipeline).
*/}}
{{- define "hypermeter.pod" -}}
{{- $root := .root -}}
{{- $role := .role -}}
{{- $trial := eq $role "trial" -}}
{{- $values := .values -}}
{{- $spool := dict "enabled" false -}}
{{- if eq $role "collector" -}}{{- $spool = $values.spool -}}{{- end -}}
{{- $redis := ternary $root.Values.trial.redis (dict "image" "") $trial -}}
metadata:
  labels:
    # No versions: an upgrade of the chart that changes nothing here replaces no pod.
    {{- include "hypermeter.selector" (dict "root" $root "role" $role) | nindent 4 }}
    {{- with $root.Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # The program reads its file once, at the start: another file, other pods.
    checksum/config: {{ .config | sha256sum }}
    {{- if $trial }}
    hypermeter/profile: trial, not for production
    {{- end }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "hypermeter.serviceAccount" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  {{- with $values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: hypermeter
      image: {{ include "hypermeter.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [{{ .command }}, --config, /etc/hypermeter/config/{{ .file }}]
      ports:
        - { name: ops, containerPort: {{ include "hypermeter.port" $root }}, protocol: TCP }
      env:
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        {{- if eq $role "collector" }}
        # Each collector of a group needs a name of its own.
        - { name: HYPERMETER__SERVICE__ID, value: $(POD_NAME) }
        {{- end }}
        {{- with include "hypermeter.heap" $values.resources }}
        - { name: NODE_OPTIONS, value: {{ . | quote }} }
        {{- end }}
        {{- if and (eq $role "pipeline") $root.Values.pipeline.staticMembership }}
        - { name: HYPERMETER__KAFKA__GROUPINSTANCE, value: $(POD_NAME) }
        {{- end }}
        {{- if and (eq $role "collector") $values.staticMembership }}
        - { name: HYPERMETER__COLLECTOR__GROUP__INSTANCE, value: $(POD_NAME) }
        {{- end }}
        {{- range $secret := $root.Values.secrets }}
        {{- if or $trial (has $role (default (list "collector" "pipeline") .roles)) }}
        {{- range $name, $key := .env }}
        - name: {{ $name }}
          valueFrom: { secretKeyRef: { name: {{ $secret.existingSecret }}, key: {{ $key }} } }
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with $values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      # Not /readyz: a Redis that is away makes the program wait, and starting it anew would not help.
      startupProbe:
        httpGet: { path: /healthz, port: ops }
        {{- toYaml $root.Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: { path: /healthz, port: ops }
        {{- toYaml $root.Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: { path: /readyz, port: ops }
        {{- toYaml $root.Values.probes.readiness | nindent 8 }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        {{- toYaml $root.Values.securityContext | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /etc/hypermeter/config, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if $spool.enabled }}
        - { name: spool, mountPath: {{ include "hypermeter.spool" $root }} }
        {{- end }}
        {{- range $root.Values.secrets }}
        {{- if or $trial (has $role (default (list "collector" "pipeline") .roles)) }}
        - { name: {{ include "hypermeter.volume" .existingSecret }}, mountPath: /etc/hypermeter/secrets/{{ .existingSecret }}, readOnly: true }
        {{- end }}
        {{- end }}
        {{- with $values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- if $redis.image }}
    # Not for production: what it keeps is gone with the pod.
    - name: redis
      image: {{ $redis.image | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [redis-server, --bind, 127.0.0.1, --port, "6379", --dir, /data, --appendonly, "yes", --save, "", --maxmemory-policy, noeviction]
      resources:
        {{- toYaml $redis.resources | nindent 8 }}
      securityContext:
        {{- toYaml $root.Values.securityContext | nindent 8 }}
      volumeMounts:
        - { name: redis, mountPath: /data }
    {{- end }}
    {{- with $values.sidecars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "hypermeter.fullname" $root }}
        items: [{ key: {{ .file }}, path: {{ .file }} }]
    - name: tmp
      emptyDir: { sizeLimit: 64Mi }
    {{- if and $spool.enabled (eq $spool.volume "emptyDir") }}
    - name: spool
      emptyDir: { sizeLimit: {{ $spool.size }} }
    {{- end }}
    {{- if $redis.image }}
    - name: redis
      emptyDir: { sizeLimit: 1Gi }
    {{- end }}
    {{- range $root.Values.secrets }}
    {{- if or $trial (has $role (default (list "collector" "pipeline") .roles)) }}
    - name: {{ include "hypermeter.volume" .existingSecret }}
      secret: { secretName: {{ .existingSecret }}, defaultMode: 0440 }
    {{- end }}
    {{- end }}
    {{- with $values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  topologySpreadConstraints:
    {{- if $values.topologySpreadConstraints }}
    {{- toYaml $values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "hypermeter.selector" (dict "root" $root "role" $role) | nindent 10 }}
    {{- end }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* A secret's volume: names of volumes are labels of at most 63 characters, names of secrets are not. */}}
{{- define "hypermeter.volume" -}}
{{- if and (le (len .) 50) (not (contains "." .)) -}}
secret-{{ . }}
{{- else -}}
secret-{{ sha256sum . | trunc 16 }}
{{- end -}}
{{- end -}}

{{/* Node's heap ends before the container's memory does: three quarters of the limit, the rest is Kafka's and the buffers'. */}}
{{- define "hypermeter.heap" -}}
{{- $limit := toString (default "" (default dict .limits).memory) -}}
{{- $units := dict "Mi" 1 "Gi" 1024 -}}
{{- if regexMatch "^[0-9]+(Mi|Gi)$" $limit -}}
--max-old-space-size={{ div (mul (regexFind "^[0-9]+" $limit | int) (get $units (regexFind "(Mi|Gi)$" $limit)) 3) 4 }}
{{- end -}}
{{- end -}}
