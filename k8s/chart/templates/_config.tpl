{{/*
The application's configuration as each role gets it. A role is given what it needs, so that it needs no secret of the
other, and a change of one leaves the other's pods alone.
*/}}

{{/* Takes the members out that are null, which is how helm's users take back what another file says. */}}
{{- define "hypermeter.pruned" -}}
{{- $map := . -}}
{{- range $key, $value := . -}}
{{- if kindIs "invalid" $value -}}{{- $_ := unset $map $key -}}
{{- else if kindIs "map" $value -}}{{- include "hypermeter.pruned" $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* `config` with what a trial leaves open: a simulated fleet, meters on standard output, its Redis. JSON. */}}
{{- define "hypermeter.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- include "hypermeter.pruned" $config -}}
{{- if eq .Values.profile "trial" -}}
{{- if not $config.connectors -}}
{{- $_ := set $config "connectors" (list (dict "name" "sim" "type" "simulator")) -}}
{{- end -}}
{{- if not $config.sinks -}}
{{- $_ := set $config "sinks" (list (dict "type" "stdout")) -}}
{{- end -}}
{{- if and .Values.trial.redis.image (not $config.state) -}}
{{- $_ := set $config "state" (dict "type" "redis" "url" "redis://127.0.0.1:6379") -}}
{{- end -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}

{{- define "hypermeter.config.run" -}}
{{- toYaml (include "hypermeter.config" . | fromJson) -}}
{{- end -}}

{{- define "hypermeter.config.pipeline" -}}
{{- toYaml (omit (include "hypermeter.config" . | fromJson) "connectors") -}}
{{- end -}}

{{/* What collectors share the hypervisors by, of this release alone: another one has other hypervisors. */}}
{{- define "hypermeter.config.collector" -}}
{{- $config := omit (include "hypermeter.config" . | fromJson) "pipeline" "meters" "state" "sinks" -}}
{{- $collector := default dict $config.collector -}}
{{- if not $collector.shard -}}
{{- $name := printf "hypermeter.collectors.%s.%s" .Release.Namespace (include "hypermeter.fullname" .) -}}
{{- $_ := set $collector "group" (merge (default dict $collector.group) (dict "topic" $name "name" $name)) -}}
{{- end -}}
{{- if .Values.collector.spool.enabled -}}
{{- $own := dict "directory" (include "hypermeter.spool" .) "maxBytes" (include "hypermeter.spool.maxBytes" .Values.collector.spool.size) -}}
{{- $_ := set $collector "spool" (merge (default dict $collector.spool) $own) -}}
{{- end -}}
{{- $_ := set $config "collector" $collector -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "hypermeter.spool" -}}/var/lib/hypermeter/spool{{- end -}}

{{/* Four fifths of the volume: a file is written anew before an old one goes. */}}
{{- define "hypermeter.spool.maxBytes" -}}
{{- $unit := get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) (regexFind "[MGT]i$" .) -}}
{{- div (mul (regexFind "^[0-9]+" . | int64) $unit 4) 5 -}}MiB
{{- end -}}

{{/* "true" where each collector has a name and a disk of its own. */}}
{{- define "hypermeter.collector.named" -}}
{{- $collector := .Values.collector -}}
{{- if or $collector.staticMembership (and $collector.spool.enabled (eq $collector.spool.volume "claim")) -}}true{{- end -}}
{{- end -}}
