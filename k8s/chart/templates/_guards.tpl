{{/*
What helm refuses, before anything is installed. Each guard says what is wrong and what to do, a fault a line.
*/}}

{{- define "hypermeter.guard" -}}
{{- $config := include "hypermeter.config" . | fromJson -}}
{{- $given := dict "root" . "config" $config -}}
{{- $faults := "" -}}
{{- if eq .Values.configCheck "words" -}}
{{- $schema := .Files.Get "config.schema.json" | fromJson -}}
{{- $faults = include "hypermeter.faults" (dict "node" $schema "defs" (get $schema "$defs") "value" $config "path" "config") -}}
{{- end -}}
{{/* What is said of windows and the like holds of a configuration that is well formed only. */}}
{{- if not $faults -}}
{{- $faults = include "hypermeter.guard.config" $given -}}
{{- end -}}
{{- $faults = printf "%s%s" $faults (include "hypermeter.guard.values" $given) -}}
{{- if $faults -}}
{{- fail (printf "the values cannot be installed:\n\n  %s\n" (regexReplaceAll "\n\\s*" ($faults | trim) "\n  ")) -}}
{{- end -}}
{{- end -}}

{{- define "hypermeter.guard.config" -}}
{{- include "hypermeter.guard.lists" . -}}
{{- include "hypermeter.guard.windows" . -}}
{{- include "hypermeter.guard.sinks" . -}}
{{- include "hypermeter.guard.secrets" . -}}
{{- include "hypermeter.guard.partitions" . -}}
{{- end -}}

{{/* As pipeline/cli/check-config.ts: what a role cannot do without. */}}
{{- define "hypermeter.guard.lists" -}}
{{- $kafka := default dict .config.kafka -}}
{{- if and (not .config.connectors) (not .config.discovery) }}
config.connectors: names no hypervisor; add one such as { name: kvm1, type: libvirt, uri: … }
{{ end -}}
{{- if not .config.sinks }}
config.sinks: names no destination; add one such as { type: stdout }
{{ end -}}
{{- $embedded := eq (toJson (default "embedded" $kafka.brokers)) (toJson "embedded") -}}
{{- if eq .root.Values.profile "trial" -}}
{{- if not $embedded }}
config.kafka.brokers: a trial has its Kafka in its one pod; leave them out, or set profile: production
{{ end -}}
{{- if ne (default "memory" (default dict .root.Values.config.state).type) "memory" }}
config.state.type: a trial keeps its state in its one pod, as its Kafka; leave it out, or set profile: production
{{ end -}}
{{- else if $embedded }}
config.kafka.brokers: is embedded, which lives in one process only: name brokers, or set profile: trial
{{ end -}}
{{- $names := list -}}
{{- range $index, $connector := .config.connectors -}}
{{- if has $connector.name $names }}
config.connectors[{{ $index }}].name: several connectors of one name; give each its own, got {{ toJson $connector.name }}
{{ end -}}
{{- $names = append $names $connector.name -}}
{{- end -}}
{{- $names = list -}}
{{- range $index, $sink := .config.sinks -}}
{{- $name := default $sink.type $sink.name -}}
{{- if has $name $names }}
config.sinks[{{ $index }}].name: several sinks of one name; give each its own{{ with $sink.name }}, got {{ toJson . }}{{ end }}
{{ end -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}

{{/* As pipeline/cli/check-config.ts: the longest time between two polls, and whose that is. JSON; no interval where it holds a variable. */}}
{{- define "hypermeter.slowest" -}}
{{- $common := include "hypermeter.microseconds" (default "10s" (default dict .collector).interval) -}}
{{- $interval := ternary $common "" (empty .connectors) -}}
{{- $of := "this collector.interval" -}}
{{- range .connectors -}}
{{- $own := $common -}}
{{- with .interval -}}{{- $own = include "hypermeter.microseconds" . -}}{{- end -}}
{{- if and $own (or (not $interval) (gt (float64 $own) (float64 $interval))) -}}
{{- $interval = $own -}}
{{- $of = ternary (printf "the interval of %s" .name) "this collector.interval" (ne $own $common) -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "interval" $interval "of" $of) -}}
{{- end -}}

{{/* Durations that hold a reference to a variable are known when the pod starts only. */}}
{{- define "hypermeter.guard.windows" -}}
{{- $pipeline := default dict .config.pipeline -}}
{{- $slowest := include "hypermeter.slowest" .config | fromJson -}}
{{- $interval := $slowest.interval -}}
{{- $sizes := list -}}
{{- $shown := list -}}
{{- range $index, $window := default (list dict) $pipeline.windows -}}
{{- $size := include "hypermeter.microseconds" (default "60s" $window.size) -}}
{{- if $size -}}
{{- if has $size $sizes }}
config.pipeline.windows[{{ $index }}].size: several windows of one size; give each its own, got {{ toJson (default "60s" $window.size) }}
{{ end -}}
{{- $sizes = append $sizes $size -}}
{{- $shown = append $shown (printf "%ss" (include "hypermeter.seconds" $size)) -}}
{{- if $interval -}}
{{- $polls := mulf (float64 $interval) 2.0 -}}
{{- if lt (float64 $size) $polls }}
config.pipeline.windows[{{ $index }}].size: is shorter than two polls, {{ include "hypermeter.seconds" $polls }} s at {{ $slowest.of }}: most windows would rest on one reading or none
{{ end -}}
{{- end -}}
{{- $grace := include "hypermeter.microseconds" (default "auto" $window.grace) -}}
{{- if $grace -}}
{{- if gt (float64 $grace) (float64 $size) }}
config.pipeline.windows[{{ $index }}].grace: is longer than its window of {{ include "hypermeter.seconds" $size }} s, which would come out more than a window late. auto chooses it
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $index, $sink := .config.sinks -}}
{{- range $at, $size := $sink.windows -}}
{{- $wanted := include "hypermeter.microseconds" $size -}}
{{- if and $wanted (not (has $wanted $sizes)) }}
config.sinks[{{ $index }}].windows[{{ $at }}]: is no size of pipeline.windows, which has {{ join ", " (uniq $shown) }}; add it there
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Sinks that sign and were given nothing to sign with; files on the read-only root file system. */}}
{{- define "hypermeter.guard.sinks" -}}
{{- $values := .root.Values -}}
{{- $trial := eq $values.profile "trial" -}}
{{- $mounts := list -}}
{{- range concat $values.pipeline.volumeMounts (list (dict "mountPath" "/tmp")) -}}
{{- $mounts = append $mounts (printf "%s/" (trimSuffix "/" .mountPath)) -}}
{{- end -}}
{{- range $index, $sink := .config.sinks -}}
{{- if and (not $trial) (has $sink.type (list "amqp" "udp" "tcp" "kafka")) (not $sink.secret) (not $sink.secretFile) }}
config.sinks[{{ $index }}]: has no secret, so that anybody could send what it sends: write secretFile: /etc/hypermeter/secrets/<secret>/<key> and name the secret under secrets
{{ end -}}
{{- if and (eq $sink.type "file") (not (contains "${" (default "" $sink.path))) -}}
{{- $mounted := false -}}
{{- range $mounts -}}{{- if hasPrefix . $sink.path -}}{{- $mounted = true -}}{{- end -}}{{- end -}}
{{- if not $mounted }}
config.sinks[{{ $index }}].path: is on the root file system, which is read-only: mount something there with pipeline.volumes or pipeline.volumeClaimTemplates and pipeline.volumeMounts, got {{ toJson $sink.path }}
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* No secret in a ConfigMap; every secret that is referred to is there, for the role that needs it. */}}
{{- define "hypermeter.guard.secrets" -}}
{{- $root := .root -}}
{{- $parts := dict "collector" (omit .config "pipeline" "meters" "state" "sinks") "pipeline" (omit .config "connectors") -}}
{{- range $role, $part := $parts -}}
{{- $text := toJson $part -}}
{{- range regexFindAll "[a-z][a-z0-9+.-]*://[^\\s/?#:@\"]*:[^\\s\"]*@" $text -1 -}}
{{- if not (contains "${" .) }}
config: {{ regexFind "^[^@]*://[^:]*" . }}:***@…: a password in an address, which a ConfigMap would show: use username and passwordFile, or ${VARIABLE}
{{ end -}}
{{- end -}}
{{- $mounted := list -}}
{{- $named := list "POD_NAME" "NODE_NAME" "NODE_OPTIONS" -}}
{{- range $root.Values.secrets -}}
{{- if or (eq $root.Values.profile "trial") (has $role (default (list "collector" "pipeline") .roles)) -}}
{{- $mounted = append $mounted .existingSecret -}}
{{- $named = concat $named (keys (default dict .env)) -}}
{{- end -}}
{{- end -}}
{{- $own := get $root.Values (ternary "pipeline" $role (eq $root.Values.profile "trial")) -}}
{{- range $own.env -}}{{- $named = append $named .name -}}{{- end -}}
{{- range uniq (regexFindAll "/etc/hypermeter/secrets/[^/\"]+/" $text -1) -}}
{{- $secret := trimPrefix "/etc/hypermeter/secrets/" . | trimSuffix "/" -}}
{{- if not (has $secret $mounted) }}
config: {{ . }}: no entry of secrets brings {{ $secret }} to the {{ $role }}; add { existingSecret: {{ $secret }}, roles: [{{ $role }}] }
{{ end -}}
{{- end -}}
{{- if not $own.envFrom -}}
{{- range uniq (regexFindAll "\\$\\$?\\{[A-Za-z_][A-Za-z0-9_]*(:\\?|\\})" $text -1) -}}
{{- $name := regexFind "[A-Za-z_][A-Za-z0-9_]*" . -}}
{{- if and (not (hasPrefix "$$" .)) (not (has $name $named)) }}
config: the environment variable {{ $name }} is not set; bring it to the {{ $role }} by env of an entry of secrets, or by {{ $role }}.env
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A pipeline without a partition does nothing. */}}
{{- define "hypermeter.guard.partitions" -}}
{{- $partitions := default 12 (default dict .config.kafka).partitions -}}
{{- if not (kindIs "string" $partitions) -}}
{{- $pipeline := .root.Values.pipeline -}}
{{- $most := dict "pipeline.replicas" $pipeline.replicas -}}
{{- if $pipeline.autoscaling.enabled -}}{{- $most = dict "pipeline.autoscaling.maxReplicas" $pipeline.autoscaling.maxReplicas -}}{{- end -}}
{{- if $pipeline.keda.enabled -}}{{- $most = dict "pipeline.keda.maxReplicas" $pipeline.keda.maxReplicas -}}{{- end -}}
{{- range $path, $replicas := $most -}}
{{- if gt (int $replicas) (int $partitions) }}
{{ $path }}: {{ int $replicas }} pipelines share {{ int $partitions }} partitions (config.kafka.partitions), so some would idle: at most {{ int $partitions }}, or say how many the raw topic really has
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hypermeter.guard.values" -}}
{{- $values := .root.Values -}}
{{- $pipeline := $values.pipeline -}}
{{- $scaled := include "hypermeter.scaled" .root -}}
{{- if and $pipeline.autoscaling.enabled $pipeline.keda.enabled }}
pipeline.keda.enabled: pipeline.autoscaling is enabled too, and two autoscalers would work against each other; keep one of them
{{ end -}}
{{- range $name := list "autoscaling" "keda" -}}
{{- $scaler := get $pipeline $name -}}
{{- if and $scaler.enabled (gt (int $scaler.minReplicas) (int $scaler.maxReplicas)) }}
pipeline.{{ $name }}.minReplicas: is more than maxReplicas, {{ int $scaler.maxReplicas }}
{{ end -}}
{{- end -}}
{{- if and $pipeline.keda.enabled $pipeline.keda.prometheus (lt (int $pipeline.keda.minReplicas) 1) }}
pipeline.keda.minReplicas: where no pipeline runs, none tells pipeline.keda.prometheus its lag: use 1 or more
{{ end -}}
{{- if and $scaled $pipeline.staticMembership }}
pipeline.staticMembership: keeps the partitions of a pod that was scaled away until its session ends; turn it off, or the autoscaler
{{ end -}}
{{- if and $scaled (eq (default "memory" (default dict .config.state).type) "memory") }}
config.state.type: is memory, so that every step of the autoscaler would read state.rewind of the raw topic again: use redis, or no autoscaler
{{ end -}}
{{- if and $pipeline.autoscaling.enabled (not (default dict $pipeline.resources.requests).cpu) }}
pipeline.resources.requests.cpu: is what pipeline.autoscaling measures by; set it
{{ end -}}
{{- if and $scaled (eq $values.profile "trial") }}
profile: a trial is one pod; turn the autoscaler off, or set profile: production
{{ end -}}
{{- $listen := toString (default "" (default dict .config.ops).listen) -}}
{{- if not (regexMatch ":[1-9][0-9]{0,4}$" $listen) }}
config.ops.listen: probes need an address and a port, such as 0.0.0.0:9464, got {{ toJson $listen }}
{{ else if regexMatch "^(?:127\\.|localhost:|\\[::1\\])" $listen }}
config.ops.listen: is inside the pod only, where no probe reaches it: 0.0.0.0:9464 or [::]:9464, got {{ toJson $listen }}
{{ end -}}
{{- if and $values.page.enabled (eq (toJson (default dict .config.ops).page) "false") }}
page.enabled: shows what each pod tells its own page, and config.ops.page is false; leave one of them out
{{ end -}}
{{- include "hypermeter.guard.collectors" . -}}
{{- end -}}

{{/* Collectors share the hypervisors by Kafka; what Kafka does not take needs a disk that can be written. */}}
{{- define "hypermeter.guard.collectors" -}}
{{- $own := .root.Values.collector -}}
{{- $collector := default dict .config.collector -}}
{{- $group := default dict $collector.group -}}
{{- if eq .root.Values.profile "production" -}}
{{- if and $collector.shard (gt (int $own.replicas) 1) }}
config.collector.shard: is the same for all {{ int $own.replicas }} collectors, which would poll the same hypervisors: leave it out, and Kafka deals them, or set collector.replicas: 1
{{ end -}}
{{- if and $collector.shard (or $group.name $group.topic $own.staticMembership) }}
config.collector.shard: a collector of a fixed part asks no group: leave it out, or config.collector.group and collector.staticMembership
{{ end -}}
{{- if gt (int $own.replicas) (int (default 64 $group.partitions)) }}
collector.replicas: {{ int $own.replicas }} collectors share {{ int (default 64 $group.partitions) }} parts of the fleet (config.collector.group.partitions), so some would idle: at most so many
{{ end -}}
{{- $directory := (default dict $collector.spool).directory -}}
{{- if and $directory $own.spool.enabled }}
config.collector.spool.directory: collector.spool brings a directory of its own; leave it out, or set collector.spool.enabled: false
{{ else if and $directory (not (contains "${" $directory)) -}}
{{- $path := printf "%s/" (trimSuffix "/" $directory) -}}
{{- $mounted := false -}}
{{- range $own.volumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path -}}{{- $mounted = not .readOnly -}}{{- end -}}
{{- end -}}
{{- if hasPrefix "/tmp/" $path }}
config.collector.spool.directory: is in /tmp, which has 64 MiB and is gone with the pod: set collector.spool.enabled, or mount something with collector.volumes and collector.volumeMounts, got {{ toJson $directory }}
{{ else if not $mounted }}
config.collector.spool.directory: is on the root file system, which is read-only: set collector.spool.enabled, or mount something there with collector.volumes and collector.volumeMounts, got {{ toJson $directory }}
{{ end -}}
{{- end -}}
{{- end -}}
{{- if and .root.Values.trial.redis.image (ne .root.Values.profile "trial") }}
trial.redis.image: is for a trial: what that Redis keeps is gone with its pod. Name a Redis of yours under config.state, or set profile: trial
{{ end -}}
{{- end -}}
