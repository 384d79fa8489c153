{{- define "gvDetails" -}}
## {{ .GroupVersionString }}

{{ trim .Doc }}

Objects:
{{- $gv := . }}
{{- range $i, $kind := .SortedKinds }}{{ if $i }},{{ end }} {{ $gv.TypeForKind $kind | markdownRenderTypeLink }}{{ end }}
{{ range .SortedTypes }}{{ template "type" . }}{{ end -}}
{{- end -}}
