package client

import (
	"os"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

func TestZZKwok(t *testing.T) {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KWOKCFG"))
	if err != nil {
		t.Fatal(err)
	}
	old := server
	server = cfg
	server.QPS = -1
	defer func() { server = old }()
	for _, kind := range []string{"", "never-ready", "fail", "crash-loop"} {
		w := newWorld(t)
		c := w.client()
		label := ""
		if kind != "" {
			label = ", fairlead.dev/test-pod: " + kind
		}
		infos := w.build(c, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web`+label+`}}
    spec: {containers: [{name: app, image: a}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db`+label+`}}
    spec: {containers: [{name: app, image: a}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds}
spec:
  selector: {matchLabels: {app: ds}}
  template:
    metadata: {labels: {app: ds`+label+`}}
    spec: {containers: [{name: app, image: a}]}
`)
		if _, err := c.Create(infos); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err := c.Wait(infos, 8*time.Second)
		t.Logf("%q: %v after %v; %q", kind, err, time.Since(start), w.requests.take())
		c = w.client()
		job := w.buildHook(c, `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {backoffLimit: 0, template: {metadata: {labels: {a: b`+label+`}}, spec: {restartPolicy: Never, containers: [{name: app, image: a}]}}}`)
		if _, err := c.Create(job); err != nil {
			t.Fatal(err)
		}
		err = c.WatchUntilReady(job, 8*time.Second)
		t.Logf("%q: %v; %q", kind, err, w.requests.take())
		_, errs := c.Delete(job)
		t.Log(errs, c.WaitForDelete(job, 8*time.Second), w.requests.take())
	}
}
