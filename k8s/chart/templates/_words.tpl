{{/*
Checks a value by config.schema.json and says what is wrong in the words of `hypermeter check`
(pipeline/runtime/config/explain.ts): a fault a line, `path: message`.
*/}}

{{/* A bad value as it is shown: texts with quotes, cut at 60 characters, passwords within addresses as stars. */}}
{{- define "hypermeter.shown" -}}
{{- if kindIs "slice" .value -}}a list
{{- else if kindIs "map" .value -}}a map
{{- else if kindIs "invalid" .value -}}null
{{- else if kindIs "string" .value -}}
{{- $text := regexReplaceAll "([a-z][a-z0-9+.-]*://)([^\\s/?#:@]+):\\S*@" .value "${1}${2}:***@" | toJson -}}
{{- $text = $text | replace "\\u003c" "<" | replace "\\u003e" ">" | replace "\\u0026" "&" -}}
{{- if gt (len $text) 60 -}}{{ substr 0 60 $text }}…{{- else -}}{{ $text }}{{- end -}}
{{- else if kindIs "float64" .value -}}{{ ternary (printf "%.0f" .value) (toString .value) (eq (floor .value) .value) }}
{{- else -}}{{ .value }}
{{- end -}}
{{- end -}}

{{/* Text such as 1m30s in whole microseconds; nothing if it is no duration. */}}
{{- define "hypermeter.microseconds" -}}
{{- $units := dict "us" 1 "ms" 1000 "s" 1000000 "m" 60000000 "h" 3600000000 "d" 86400000000 -}}
{{- if regexMatch "^(?:\\d+(?:\\.\\d+)?(?:us|ms|s|m|h|d))+$" . -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "\\d+(?:\\.\\d+)?(?:us|ms|s|m|h|d)" . -1 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $sum = addf $sum (mulf (float64 (trimSuffix $unit .)) (float64 (get $units $unit))) -}}
{{- end -}}
{{- printf "%.0f" $sum -}}
{{- end -}}
{{- end -}}

{{/* Text such as 64MiB in bytes; nothing if it is no size. */}}
{{- define "hypermeter.bytes" -}}
{{- $units := dict "B" 1 "kB" 1000 "MB" 1000000 "GB" 1000000000 "KiB" 1024 "MiB" 1048576 "GiB" 1073741824 -}}
{{- if regexMatch "^\\d+(?:\\.\\d+)?(?:B|kB|MB|GB|KiB|MiB|GiB)$" . -}}
{{- $unit := regexFind "[a-zA-Z]+$" . -}}
{{- printf "%.0f" (mulf (float64 (trimSuffix $unit .)) (float64 (get $units $unit))) -}}
{{- end -}}
{{- end -}}

{{/* Microseconds as seconds: 35, 0.2. */}}
{{- define "hypermeter.seconds" -}}
{{- divf (float64 .) 1000000.0 -}}
{{- end -}}

{{/* How many insertions, deletions, substitutions and swaps of neighbours make `a` into `b`, as suggest.ts counts them. */}}
{{- define "hypermeter.distance" -}}
{{- $a := lower .a -}}{{- $b := lower .b -}}
{{- $older := list -}}
{{- $old := list -}}
{{- range $column := until (int (add1 (len $b))) -}}{{- $old = append $old $column -}}{{- end -}}
{{- range $row := until (len $a) -}}
{{- $letter := substr $row (int (add1 $row)) $a -}}
{{- $now := list (int (add1 $row)) -}}
{{- range $column := until (len $b) -}}
{{- $other := substr $column (int (add1 $column)) $b -}}
{{- $cost := add (index $old $column) (ternary 0 1 (eq $letter $other)) -}}
{{- $cost = min $cost (add1 (index $old (int (add1 $column)))) (add1 (index $now $column)) -}}
{{- if and (gt $row 0) (gt $column 0) -}}
{{- if and (eq $letter (substr (int (sub $column 1)) $column $b)) (eq (substr (int (sub $row 1)) $row $a) $other) -}}
{{- $cost = min $cost (add1 (index $older (int (sub $column 1)))) -}}
{{- end -}}
{{- end -}}
{{- $now = append $now (int $cost) -}}
{{- end -}}
{{- $older = $old -}}{{- $old = $now -}}
{{- end -}}
{{- last $old -}}
{{- end -}}

{{/* `; did you mean "x"?` for the nearest known word if one is near, else nothing. */}}
{{- define "hypermeter.suggestion" -}}
{{- $best := "" -}}
{{- $word := .word -}}
{{- $least := int (add1 (max 1 (div (len $word) 3))) -}}
{{- range .known -}}
{{- $apart := sub (len .) (len $word) -}}
{{- if lt (int (max $apart (sub 0 $apart))) $least -}}
{{- $distance := include "hypermeter.distance" (dict "a" $word "b" .) | int -}}
{{- if lt $distance $least -}}{{- $best = . -}}{{- $least = $distance -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if $best -}}; did you mean {{ toJson $best }}?{{- end -}}
{{- end -}}

{{/* `, got "x"` and the nearest of the words that were to be had. (dict "value" … "node" … "path" … ). */}}
{{- define "hypermeter.got" -}}
{{- if or .node.secret (regexMatch "(?i)(?:pass(?:word|phrase)|secret|token|credential|private)[a-zA-Z]*$" .path | and (not (hasSuffix "File" .path))) -}}
, got a secret that is not shown
{{- else -}}
, got {{ include "hypermeter.shown" . }}
{{- end -}}
{{- if kindIs "string" .value -}}
{{- $words := list -}}
{{- range prepend (default (default list .node.oneOf) .node.anyOf) .node -}}
{{- range .enum -}}{{- if kindIs "string" . -}}{{- $words = append $words . -}}{{- end -}}{{- end -}}
{{- if kindIs "string" .const -}}{{- $words = append $words .const -}}{{- end -}}
{{- end -}}
{{- include "hypermeter.suggestion" (dict "word" .value "known" $words) -}}
{{- end -}}
{{- end -}}

{{- define "hypermeter.wanted" -}}
{{ .path }}: expected {{ .node.expected }}{{ include "hypermeter.got" . }}
{{ end -}}

{{/* (dict "node" schema "defs" … "value" … "path" "config.pipeline"): the faults. */}}
{{- define "hypermeter.faults" -}}
{{- $it := . -}}
{{- $node := .node -}}
{{- with get .node "$ref" -}}{{- $node = get $it.defs (trimPrefix "#/$defs/" .) -}}{{- end -}}
{{- $it = set (omit $it "node") "node" $node -}}
{{- if and (kindIs "string" .value) $node.secret -}}
{{- if not (regexMatch "^\\$\\{[A-Za-z_][A-Za-z0-9_]*(?::\\?[^}]*)?\\}$" .value) -}}
{{ .path }}: is a secret in plain text, which a ConfigMap would show: put it into a Secret, name that under secrets, and write {{ last (splitList "." .path) }}File: /etc/hypermeter/secrets/<secret>/<key>, or ${VARIABLE}
{{ end -}}
{{- else if and (kindIs "string" .value) (contains "${" .value) -}}
{{- else if or $node.oneOf $node.anyOf -}}
{{- include "hypermeter.faults.choice" $it -}}
{{- else if hasKey $node "const" -}}
{{- if ne (toJson $node.const) (toJson .value) -}}{{- include "hypermeter.wanted" $it -}}{{- end -}}
{{- else if $node.enum -}}
{{- $texts := list -}}{{- range $node.enum -}}{{- $texts = append $texts (toJson .) -}}{{- end -}}
{{- if not (has (toJson .value) $texts) -}}{{- include "hypermeter.wanted" $it -}}{{- end -}}
{{- else if eq (default "" $node.type) "object" -}}
{{- if kindIs "map" .value -}}{{- include "hypermeter.faults.map" $it -}}{{- else -}}{{- include "hypermeter.wanted" $it -}}{{- end -}}
{{- else if eq (default "" $node.type) "array" -}}
{{- if kindIs "slice" .value -}}{{- include "hypermeter.faults.list" $it -}}{{- else -}}{{- include "hypermeter.wanted" $it -}}{{- end -}}
{{- else if $node.type -}}
{{- include "hypermeter.faults.single" $it -}}
{{- end -}}
{{- end -}}

{{- define "hypermeter.faults.map" -}}
{{- $it := . -}}
{{- $known := default dict .node.properties -}}
{{- range $key, $value := .value -}}
{{- $path := printf "%s.%s" $it.path $key -}}
{{- $more := merge (dict "value" $value "path" $path) (omit $it "value" "path") -}}
{{- if hasKey $known $key -}}
{{- include "hypermeter.faults" (set $more "node" (get $known $key)) -}}
{{- $twin := trimSuffix "File" $key -}}
{{- if and (ne $twin $key) (hasKey $it.value $twin) (get (default dict (get $known $twin)) "secret") -}}
{{ $path }}: {{ $twin }} is given too; keep one of them
{{ end -}}
{{- else if kindIs "map" $it.node.additionalProperties -}}
{{- if and (kindIs "string" $value) (regexMatch "(?i)pass(word|phrase)|secret|token|credential|private|authorization|cookie|api-?key" $key) (not (contains "${" $value)) -}}
{{ $path }}: is a secret in plain text, which a ConfigMap would show: put it into a Secret, name that under secrets, and write ${VARIABLE}
{{ end -}}
{{- include "hypermeter.faults" (set $more "node" $it.node.additionalProperties) -}}
{{- else if eq (toString $it.node.additionalProperties) "false" -}}
{{- $near := include "hypermeter.suggestion" (dict "word" $key "known" (default (keys $known | sortAlpha) $it.node.order)) -}}
{{ $path }}: unknown key{{ default (printf "; known here: %s" (join ", " (default (keys $known | sortAlpha) $it.node.order))) $near }}
{{ end -}}
{{- end -}}
{{- range .node.required -}}
{{- if not (hasKey $it.value .) -}}
{{- $missing := get $known . -}}
{{- with get $missing "$ref" -}}{{- $missing = get $it.defs (trimPrefix "#/$defs/" .) -}}{{- end -}}
{{ $it.path }}.{{ . }}: is missing; expected {{ $missing.expected }}
{{ end -}}
{{- end -}}
{{- range .node.allOf -}}
{{- $secret := index (index .oneOf 0).required 0 -}}
{{- if not (or (hasKey $it.value $secret) (hasKey $it.value (printf "%sFile" $secret))) -}}
{{ $it.path }}.{{ $secret }}: is missing; expected {{ (get $known $secret).expected }}
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "hypermeter.faults.list" -}}
{{- $it := . -}}
{{- if lt (len .value) (int (default 0 .node.minItems)) -}}
{{ .path }}: is empty; give it one entry at least
{{ end -}}
{{- range $index, $value := .value -}}
{{- $path := printf "%s[%d]" $it.path $index -}}
{{- include "hypermeter.faults" (merge (dict "value" $value "path" $path "node" $it.node.items) (omit $it "value" "path" "node")) -}}
{{- end -}}
{{- end -}}

{{/* Of a choice by `type:` the one that is named; else the one that is wrong inside only, if there is one. */}}
{{- define "hypermeter.faults.choice" -}}
{{- $it := . -}}
{{- $choices := list -}}
{{- $types := list -}}
{{- range (default .node.anyOf .node.oneOf) -}}
{{- $choice := . -}}
{{- with get . "$ref" -}}{{- $choice = get $it.defs (trimPrefix "#/$defs/" .) -}}{{- end -}}
{{- $choices = append $choices $choice -}}
{{- $type := get (default dict $choice.properties) "type" -}}
{{- if and $type (hasKey $type "const") -}}{{- $types = append $types $type.const -}}{{- end -}}
{{- end -}}
{{- if eq (len $types) (len $choices) -}}
{{- if not (kindIs "map" .value) -}}{{- include "hypermeter.wanted" $it -}}
{{- else if not (hasKey .value "type") -}}
{{ .path }}.type: is missing; expected {{ range $index, $type := $types }}{{ if $index }} or {{ end }}{{ toJson $type }}{{ end }}
{{ else if has .value.type $types -}}
{{- range $choices -}}
{{- if eq .properties.type.const $it.value.type -}}{{- include "hypermeter.faults" (set (omit $it "node") "node" .) -}}{{- end -}}
{{- end -}}
{{- else -}}
{{ .path }}.type: expected {{ range $index, $type := $types }}{{ if $index }} or {{ end }}{{ toJson $type }}{{ end }}, got {{ include "hypermeter.shown" (dict "value" .value.type) }}{{ if kindIs "string" .value.type }}{{ include "hypermeter.suggestion" (dict "word" .value.type "known" $types) }}{{ end }}
{{ end -}}
{{- else -}}
{{- $good := false -}}
{{- $inside := "" -}}
{{- range $choices -}}
{{- $faults := include "hypermeter.faults" (set (omit $it "node") "node" .) -}}
{{- if not $faults -}}{{- $good = true -}}
{{- else if and (not $inside) (not (contains (printf "\n%s: " $it.path) (printf "\n%s" $faults))) -}}{{- $inside = $faults -}}
{{- end -}}
{{- end -}}
{{- if not $good -}}
{{- if $inside -}}{{- $inside -}}{{- else -}}{{- include "hypermeter.wanted" $it -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Texts, numbers, true and false. */}}
{{- define "hypermeter.faults.single" -}}
{{- $type := .node.type -}}
{{- $number := or (kindIs "float64" .value) (kindIs "int64" .value) (kindIs "int" .value) -}}
{{- if eq $type "string" -}}
{{- if not (kindIs "string" .value) -}}{{- include "hypermeter.wanted" . -}}
{{- else if lt (len .value) (int (default 0 .node.minLength)) -}}
{{ .path }}: is empty; give it a value
{{ else if and .node.pattern (not (regexMatch .node.pattern .value)) -}}{{- include "hypermeter.wanted" . -}}
{{- else if or .node.atLeast .node.atMost -}}{{- include "hypermeter.faults.bounds" . -}}
{{- end -}}
{{- else if eq $type "boolean" -}}
{{- if not (kindIs "bool" .value) -}}{{- include "hypermeter.wanted" . -}}{{- end -}}
{{- else if or (eq $type "integer") (eq $type "number") -}}
{{- if not $number -}}{{- include "hypermeter.wanted" . -}}
{{- else if and (eq $type "integer") (ne (floor .value) (float64 .value)) -}}{{- include "hypermeter.wanted" . -}}
{{- else if or (and (hasKey .node "minimum") (lt (float64 .value) (float64 .node.minimum))) (and (hasKey .node "maximum") (gt (float64 .value) (float64 .node.maximum))) -}}
{{- include "hypermeter.wanted" . -}}
{{- end -}}
{{- else if eq $type "null" -}}
{{- if not (kindIs "invalid" .value) -}}{{- include "hypermeter.wanted" . -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The limits of a duration or a size. */}}
{{- define "hypermeter.faults.bounds" -}}
{{- $measure := ternary "hypermeter.bytes" "hypermeter.microseconds" (eq (default "" .node.what) "a size") -}}
{{- $value := include $measure .value | float64 -}}
{{- $low := and .node.atLeast (lt $value (include $measure (default "" .node.atLeast) | float64)) -}}
{{- $high := and .node.atMost (gt $value (include $measure (default "" .node.atMost) | float64)) -}}
{{- if or $low $high -}}
{{- $bounds := list -}}
{{- with .node.atLeast -}}{{- $bounds = append $bounds (printf "at least %s" .) -}}{{- end -}}
{{- with .node.atMost -}}{{- $bounds = append $bounds (printf "at most %s" .) -}}{{- end -}}
{{ .path }}: expected {{ .node.what }}, {{ join " and " $bounds }}{{ include "hypermeter.got" . }}
{{ end -}}
{{- end -}}
