{{- define "type_members" -}}
{{- if eq .Name "metadata" -}}
Name, namespace, labels and annotations, as every object has them.
{{- else -}}
{{ template "line" .Doc }}
{{- end -}}
{{- end -}}

{{- /* line makes a comment one line that fits into a table's cell. */ -}}
{{- define "line" -}}
{{ regexReplaceAll "\\s+" (toString .) " " | trim | replace "|" "\\|" }}
{{- end -}}

{{- /* limits is a field's default and its validations. A field that is not required may be left out. */ -}}
{{- define "limits" -}}
{{- $limits := list -}}
{{- $default := toString (.Default | default "") -}}
{{- if and $default (not (regexMatch "^\\{ *\\}$" $default)) -}}
{{- $limits = append $limits (printf "Default: `%s`." $default) -}}
{{- end -}}
{{- range .Validation -}}
{{- $limit := toString . -}}
{{- if hasPrefix "Required:" $limit -}}
{{- $limits = append $limits "Required." -}}
{{- else if not (hasPrefix "Optional:" $limit) -}}
{{- $limits = append $limits (regexReplaceAll "^(\\w+): *`?(.*?)`?$" $limit "${1}: `${2}`.") -}}
{{- end -}}
{{- end -}}
{{ join " " $limits | replace "|" "\\|" }}
{{- end -}}
