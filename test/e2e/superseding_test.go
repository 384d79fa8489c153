package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// gadgets is a custom resource of this test.
const gadgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.superseding.fairlead.dev}
spec:
  group: superseding.fairlead.dev
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}, colour: {type: string}}}
`

// gadget is one of them, in a chart.
const gadget = `
apiVersion: superseding.fairlead.dev/v1
kind: Gadget
metadata: {name: {{ .Release.Name }}}
spec: {{- toYaml .Values.gadget | nindent 2 }}
`

// poisonLabel selects nodes that are not there.
const poisonLabel = "superseding.fairlead.dev/node"

// TestSuperseding lets a second revision come to nothing, in two ways, and looks
// at what is live after a third one, which takes back all that the second one
// brought.
func TestSuperseding(t *testing.T) {
	t.Cleanup(func() { removeGadgets(t) }) // when no release has one any more
	env := harness.New(t)
	env.Apply(t, gadgets)
	env.Kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.superseding.fairlead.dev")
	cases := map[string]struct {
		why string
		// spec is how the second revision comes to nothing.
		spec harness.Change
		// failing waits until it can be followed by the third one.
		failing func(*testing.T, *harness.Env)
		// outcome of the second revision, and the states that its HelmRelease
		// must never have had.
		outcome string
		never   func(*v1alpha1.HelmRelease) bool
		// after looks further.
		after func(*testing.T, *harness.Env)
	}{
		"WhileItWaits": {
			why: "It is superseded while it waits: no failure, no rollback, no retry spent.",
			spec: func(hr *v1alpha1.HelmRelease) {
				harness.Timeout(10 * time.Minute)(hr)
				harness.OnUpgradeFailure("Rollback", 0)(hr)
			},
			failing: awaitPoison,
			outcome: "Superseded",
			never: func(hr *v1alpha1.HelmRelease) bool {
				ready := hr.Condition(v1alpha1.ConditionReady)
				return ready != nil && ready.Status == metav1.ConditionFalse || hr.Condition(v1alpha1.ConditionRemediated) != nil
			},
			after: hasTheRetry,
		},
		"AtItsTimeout": {
			why: "It fails at its timeout and is left as it is.",
			spec: func(hr *v1alpha1.HelmRelease) {
				harness.Timeout(20 * time.Second)(hr)
				harness.OnUpgradeFailure("None", 0)(hr)
			},
			failing: func(t *testing.T, env *harness.Env) {
				awaitPoison(t, env)
				hr := env.AwaitCondition(t, "web", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRetriesSpent)
				if got := hr.Condition(v1alpha1.ConditionReady).Message; !strings.Contains(got, "Deployment "+env.Namespace+"/web") {
					t.Errorf("the condition does not name what is not ready: %s", got)
				}
			},
			outcome: "Failed",
			never:   func(hr *v1alpha1.HelmRelease) bool { return hr.Condition(v1alpha1.ConditionRemediated) != nil },
			after:   func(*testing.T, *harness.Env) {},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			env := env.In(env.NewNamespace(t))
			charts := harness.NewChartRepo(t)
			diary := env.Follow(t, "web")
			publishGadget(t, charts, "1.0.0", map[string]any{"size": 1})
			env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "^1"), tc.spec))
			env.AwaitReady(t, "web")

			publishGadget(t, charts, "1.1.0", map[string]any{"size": 2, "colour": "red"},
				harness.Default("env", map[string]any{"MODE": "bad"}),
				harness.Default("nodeSelector", map[string]any{poisonLabel: "here"}),
				harness.Default("extra", map[string]any{"more": "of it"}))
			env.ReconcileNow(t, "web")
			tc.failing(t, env)
			publishGadget(t, charts, "1.2.0", map[string]any{"size": 1})
			env.ReconcileNow(t, "web")
			hr := env.Await(t, "web", "be Ready as revision 3", func(hr *v1alpha1.HelmRelease) bool {
				return harness.Ready(hr) && hr.Status.Revision == 3
			})

			fresh := env.In(env.NewNamespace(t))
			fresh.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "1.2.0")))
			fresh.AwaitReady(t, "web")
			live := env.Live(t, env.Namespace, fresh.Namespace)
			if len(live[fresh.Namespace]) != 4 {
				t.Errorf("a fresh install has %d objects, want 4", len(live[fresh.Namespace]))
			}
			if diff := cmp.Diff(live[fresh.Namespace], live[env.Namespace]); diff != "" {
				t.Errorf("%s\nlive after revision 3: -as a fresh install +as it is:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff([]string{"3 Upgrade Succeeded", "2 Upgrade " + tc.outcome, "1 Install Succeeded"}, attempts(hr)); diff != "" {
				t.Errorf("%s\nhistory: -want +got:\n%s", tc.why, diff)
			}
			for _, state := range diary.States() {
				if tc.never(state) {
					t.Fatalf("%s\nbut it was so:\n%s", tc.why, harness.Status(state))
				}
			}
			tc.after(t, env)
		})
	}
}

// publishGadget publishes a version of the web chart with a custom resource.
func publishGadget(t *testing.T, charts *harness.ChartRepo, version string, spec map[string]any, edits ...harness.Edit) {
	t.Helper()
	charts.Publish(t, harness.WebChart, version, append(edits, harness.Template("gadget.yaml", gadget), harness.Default("gadget", spec))...)
}

// awaitPoison waits until everything of the second revision is live.
func awaitPoison(t *testing.T, env *harness.Env) {
	t.Helper()
	harness.Eventually(t, harness.Patience, "the second revision's objects", func() bool {
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
		extra := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "web-extra"}}
		gadget := &unstructured.Unstructured{}
		gadget.SetAPIVersion("superseding.fairlead.dev/v1")
		gadget.SetKind("Gadget")
		gadget.SetName("web")
		if !env.Get(t, deployment) || !env.Get(t, extra) || !env.Get(t, gadget) {
			return false
		}
		colour, _, _ := unstructured.NestedString(gadget.Object, "spec", "colour")
		pods := deployment.Spec.Template.Spec
		return colour == "red" && pods.NodeSelector[poisonLabel] != "" && len(pods.Containers[0].Env) == 1
	}, func() string { return harness.Status(env.Release(t, "web")) })
}

// hasTheRetry goes back to what was superseded, without a retry to spare, when
// there is a node for it: had it counted as a failure, it would not be tried.
func hasTheRetry(t *testing.T, env *harness.Env) {
	t.Helper()
	nodes := &corev1.NodeList{}
	if err := env.Client.List(t.Context(), nodes); err != nil {
		t.Fatal(err)
	}
	node := nodes.Items[0].Name
	env.Kubectl(t, "label", "node", node, poisonLabel+"=here")
	defer env.Kubectl(t, "label", "node", node, poisonLabel+"-")
	env.Change(t, "web", func(hr *v1alpha1.HelmRelease) { hr.Spec.Chart.Repository.Version = "1.1.0" })
	env.Await(t, "web", "be Ready as revision 4", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Ready(hr) && hr.Status.Revision == 4
	})
}

// attempts are the history in a few words each.
func attempts(hr *v1alpha1.HelmRelease) []string {
	var all []string
	for _, a := range hr.Status.History {
		all = append(all, strings.Join([]string{string(rune('0' + a.Revision)), a.Action, a.Outcome}, " "))
	}
	return all
}

// removeGadgets removes the custom resource's definition.
func removeGadgets(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	crd.SetName("gadgets.superseding.fairlead.dev")
	if err := client.IgnoreNotFound(harness.SharedCluster(t).Client.Delete(ctx, crd)); err != nil {
		t.Errorf("removing the definition of gadgets: %v", err)
	}
}
