{{- define "gvList" -}}
# API reference

Generated from the Go types in `api/` by `make generate`. `kubectl explain helmrelease.spec` prints the same.
{{ range . }}
{{ template "gvDetails" . }}
{{- end }}
{{ end -}}
