package releasetest

import "maps"

// The parts of the charts of the suite. They are small; each shows one thing.
const (
	configMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  colour: {{ .Values.colour | default "blue" | quote }}
`
	extra = `
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
data: {added: "yes"}
`
	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers: [{name: app, image: "registry.example/web:1"}]
`
	service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}]
`
	// Its nodeSelector fits no node, so that its pods never get ready.
	poisonedDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {poison: "true"}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      nodeSelector: {disk: none-has-this}
      containers: [{name: app, image: "registry.example/web:1", env: [{name: POISON, value: "1"}]}]
`
	widgetDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.releasetest.fairlead.dev}
spec:
  group: releasetest.fairlead.dev
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`
	widget = `
apiVersion: releasetest.fairlead.dev/v1
kind: Widget
metadata: {name: web}
spec: {size: 1}
`
	poisonedWidget = `
apiVersion: releasetest.fairlead.dev/v1
kind: Widget
metadata: {name: web}
spec: {size: 2, poison: true}
`
	unservedKind = `
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: old}
---
apiVersion: rbac.authorization.k8s.io/v1beta1
kind: ClusterRole
metadata: {name: old}
`
)

// job is a hook. Its pod may be told to misbehave by a label.
func job(name, hook, label string) string {
	return `
apiVersion: batch/v1
kind: Job
metadata:
  name: ` + name + `
  annotations: {helm.sh/hook: "` + hook + `"}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {` + label + `}}
    spec:
      restartPolicy: Never
      containers: [{name: job, image: "registry.example/job:1"}]
`
}

const failingPod = `fairlead.dev/test-pod: fail`

// files makes a chart's files of templates, by name without folder and suffix.
func files(templates map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range templates {
		out["templates/"+name+".yaml"] = text
	}
	return out
}

// with adds files to those of a chart.
func with(base map[string]string, more map[string]string) map[string]string {
	out := maps.Clone(base)
	maps.Copy(out, more)
	return out
}

var (
	good     = files(map[string]string{"settings": configMap, "deployment": deployment, "service": service})
	poisoned = with(
		files(map[string]string{
			"settings": configMap, "deployment": poisonedDeployment, "service": service,
			"widget": poisonedWidget, "extra": extra,
		}),
		map[string]string{"crds/widgets.yaml": widgetDefinition},
	)
	clean = with(
		files(map[string]string{
			"settings": configMap, "deployment": deployment, "service": service, "widget": widget,
		}),
		map[string]string{"crds/widgets.yaml": widgetDefinition},
	)
)
