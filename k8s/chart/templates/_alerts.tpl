{{/* Text of whole seconds, the longer of: seconds; twice a time in microseconds, which may be none. */}}
{{- define "hypermeter.alerts.twice" -}}
{{- printf "%ds" (max .least (divf (mulf 2.0 (float64 (default 0 .of))) 1000000.0 | ceil | int64)) -}}
{{- end -}}

{{/* The size of the smallest window that is known, microseconds; nothing if none is. */}}
{{- define "hypermeter.alerts.window" -}}
{{- $smallest := "" -}}
{{- range default (list dict) (default dict .pipeline).windows -}}
{{- $size := include "hypermeter.microseconds" (default "60s" .size) -}}
{{- if and $size (or (not $smallest) (lt (float64 $size) (float64 $smallest))) -}}{{- $smallest = $size -}}{{- end -}}
{{- end -}}
{{- $smallest -}}
{{- end -}}

{{/*
rules/alerts.yaml, with longer times where no window ends and no hypervisor is polled within those that it has. JSON.
*/}}
{{- define "hypermeter.alerts" -}}
{{- $config := include "hypermeter.config" . | fromJson -}}
{{- $window := include "hypermeter.alerts.window" $config -}}
{{- $interval := (include "hypermeter.slowest" $config | fromJson).interval -}}
{{- $alerts := .Files.Get "rules/alerts.yaml" | fromYaml -}}
{{- range $alerts.groups -}}
{{- range .rules -}}
{{- if eq .alert "HypermeterNothingMetered" -}}
{{- $_ := set . "expr" (replace "15m" (include "hypermeter.alerts.twice" (dict "least" 900 "of" $window)) .expr) -}}
{{- $_ := set . "for" (include "hypermeter.alerts.twice" (dict "least" 1800 "of" $window)) -}}
{{- else if eq .alert "HypermeterHypervisorUnreachable" -}}
{{- $_ := set . "for" (include "hypermeter.alerts.twice" (dict "least" 600 "of" $interval)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $alerts -}}
{{- end -}}
