{{- define "type" -}}
{{- if markdownShouldRenderType . }}

### {{ .Name }}

{{ .Doc }}
{{- if .References }}

Part of:
{{- range $i, $part := .SortedReferences }}{{ if $i }},{{ end }} {{ markdownRenderTypeLink $part }}{{ end }}
{{- end }}
{{- if .IsAlias }}

Is a {{ markdownRenderTypeLink .UnderlyingType }}.
{{- end }}
{{- if .EnumValues }}
{{ range .EnumValues }}
- `{{ .Name }}`{{ with .Doc }}: {{ template "line" . }}{{ end }}
{{- end }}
{{- end }}
{{- if .Members }}

| Field | Type | Meaning | Limits |
| --- | --- | --- | --- |
{{- if .GVK }}
| `apiVersion` | string | `{{ .GVK.Group }}/{{ .GVK.Version }}` | |
| `kind` | string | `{{ .GVK.Kind }}` | |
{{- end }}
{{- range .Members }}
| `{{ .Name }}` | {{ markdownRenderType .Type }} | {{ template "type_members" . }} | {{ template "limits" . }} |
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
