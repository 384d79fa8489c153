package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// A trouble is a HelmRelease that cannot become Ready, and what mends that.
type trouble struct {
	why string
	// release makes the sources, and the release that gets into trouble.
	release func(*testing.T, *scene) *v1alpha1.HelmRelease
	reason  string
	// message of Ready; REPO and GIT are the sources' URLs, NAMESPACE the test's,
	// COMMIT the short hash of the last commit, DIGEST a digest that the test did
	// not make up.
	message string
	// tries counts how often it was tried so far; nil for what fails the same
	// way until its inputs change, and is not tried again before.
	tries func(*testing.T, *scene) int
	// mend removes the cause.
	mend func(*testing.T, *scene)
}

// A scene is one trouble with its sources.
type scene struct {
	env    *harness.Env
	name   string
	charts *harness.ChartRepo
	git    *harness.GitRepo
	commit string
	diary  *harness.Diary
	began  time.Time
}

var troubles = map[string]trouble{
	"RangeWithoutMatch": {
		why: "A range that no version fits says so, and which version there is.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.charts.Publish(t, harness.WebChart, "0.1.0")
			return s.fromRepository("~9.1")
		},
		reason:  v1alpha1.ReasonChartNotFound,
		message: `Chart "web" has no version matching "~9.1" in REPO (newest: 0.1.0)`,
		tries:   indexRequests,
		mend:    func(t *testing.T, s *scene) { s.charts.Publish(t, harness.WebChart, "9.1.4") },
	},
	"NotFound": {
		why:     "A URL without a repository asks whether it is the right one.",
		release: brokenRepository(harness.Missing),
		reason:  v1alpha1.ReasonChartNotFound,
		message: `No index.yaml at REPO (HTTP 404): is this the URL of a Helm repository?`,
		tries:   indexRequests,
		mend:    mendedRepository,
	},
	"Unauthorized": {
		why:     "A repository that wants credentials is told from one that refuses them.",
		release: brokenRepository(harness.Unauthorized),
		reason:  v1alpha1.ReasonSourceUnauthorized,
		message: `The server of REPO/index.yaml asks for credentials, and none are given (HTTP 401)`,
		tries:   indexRequests,
		mend:    mendedRepository,
	},
	"IndexIsNotYAML": {
		why:     "A web page in the place of an index is no index; nothing of it is quoted.",
		release: brokenRepository(harness.GarbageIndex),
		reason:  v1alpha1.ReasonSourceInvalid,
		message: `The index.yaml at REPO is not the index of a Helm repository: its YAML is wrong at line 2`,
		tries:   indexRequests,
		mend:    mendedRepository,
	},
	"TruncatedArchive": {
		why:     "Half a chart is not installed, also where no digest gives it away.",
		release: brokenRepository(harness.TruncatedArchives),
		reason:  v1alpha1.ReasonSourceInvalid,
		message: `The archive of chart "web" 0.1.0 in REPO is not usable: it is truncated`,
		tries:   indexRequests,
		mend:    mendedRepository,
	},
	"WrongDigest": {
		why:     "A chart that is not what the index promises is not installed.",
		release: brokenRepository(harness.WrongDigests),
		reason:  v1alpha1.ReasonChartNotFetched,
		message: `Install of chart web 0.1.0 failed: the archive of chart "web" 0.1.0 in REPO has the digest sha256:DIGEST, ` +
			`and should have sha256:` + harness.WrongDigest,
		tries: archiveRequests,
		mend:  mendedRepository,
	},
	"MissingSecret": {
		why: "A Secret that is not there yet is taken up when it comes.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.charts.Publish(t, harness.WebChart, "0.1.0")
			return s.fromRepository("~0.1", func(hr *v1alpha1.HelmRelease) {
				hr.Spec.Chart.Repository.SecretRef = &v1alpha1.SecretReference{Name: "charts"}
			})
		},
		reason:  v1alpha1.ReasonSpecInvalid,
		message: `Secret "charts" with the source's credentials is not in namespace "NAMESPACE": create it`,
		mend: func(t *testing.T, s *scene) {
			s.env.Create(t, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "charts"}, StringData: map[string]string{"username": "ada", "password": "secret"},
			})
		},
	},
	"HalfArchive": {
		why:     "An archive that is truncated is told from another one.",
		release: brokenRepository(harness.HalfArchives),
		reason:  v1alpha1.ReasonChartNotFetched,
		message: `Install of chart web 0.1.0 failed: the archive of chart "web" 0.1.0 in REPO has the digest sha256:DIGEST, ` +
			`and should have sha256:DIGEST: it is truncated`,
		tries: archiveRequests,
		mend:  mendedRepository,
	},
	"UnresolvableGitURL": {
		why: "A typing error in a host name shows the name.",
		release: func(_ *testing.T, s *scene) *v1alpha1.HelmRelease {
			return harness.NewRelease(s.name, harness.FromGit("http://git.fairlead.invalid/charts.git", "charts/web"))
		},
		reason:  v1alpha1.ReasonSourceUnavailable,
		message: `Cannot reach git repository http://git.fairlead.invalid/charts.git: no such host "git.fairlead.invalid"`,
		tries: func(t *testing.T, s *scene) int {
			return int(s.env.Controller.Metric(t, `fairlead_source_lookups_total{result="unavailable",source="git"}`))
		},
		mend: func(t *testing.T, s *scene) {
			s.git.CommitChart(t, "Add the web chart", harness.WebChart, nil)
			s.env.Change(t, s.name, func(hr *v1alpha1.HelmRelease) { hr.Spec.Chart.Git.URL = s.git.URL })
		},
	},
	"PathWithoutChart": {
		why: "A path one level too high is told the right one.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.commit = s.git.CommitChart(t, "Add the web chart", harness.WebChart, nil)
			return harness.NewRelease(s.name, harness.FromGit(s.git.URL, "charts"))
		},
		reason:  v1alpha1.ReasonSourceInvalid,
		message: `No Chart.yaml in "charts" at branch "main" (commit COMMIT) of GIT; there is one in "charts/web"`,
		tries:   func(_ *testing.T, s *scene) int { return s.gitLooks() },
		mend: func(t *testing.T, s *scene) {
			s.git.Commit(t, "Make charts a chart", harness.ChartFiles(t, harness.WebChart, "charts"))
		},
	},
	"ValuesBreakATemplate": {
		why: "A template that fails is named with its line; a fixed chart is taken up without being told.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.charts.Publish(t, harness.WebChart, "0.1.0",
				harness.Template("route.yaml", "{{- with .Values.extra }}\n# {{ .route.host }}\n{{- end }}\n"))
			return s.fromRepository("~0.1", harness.Values(t, `{extra: {color: red}}`))
		},
		reason:  v1alpha1.ReasonRenderFailed,
		message: `Install of chart web 0.1.0 failed: template web/templates/route.yaml:2: nil pointer evaluating interface {}.host`,
		mend:    func(t *testing.T, s *scene) { s.charts.Publish(t, harness.WebChart, "0.1.1") },
	},
	"SchemaViolation": {
		why: "Values that the chart's schema refuses are named, and what it wants.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.charts.Publish(t, harness.WebChart, "0.1.0")
			return s.fromRepository("~0.1", harness.Values(t, `{replicas: two}`))
		},
		reason:  v1alpha1.ReasonValuesInvalid,
		message: `Install of chart web 0.1.0 failed: the values do not fit the chart's schema: replicas: got string, want integer`,
		mend: func(t *testing.T, s *scene) {
			s.env.Change(t, s.name, harness.Values(t, `{replicas: 2}`))
		},
	},
}

// TestErrorsForPeople has everything that a user can get wrong, and that a
// source can: the first attempt tells it in one true sentence, later ones are
// backed off, and nobody has to be told when the cause is gone.
func TestErrorsForPeople(t *testing.T) {
	env := harness.New(t)
	// All of them at once, because they mostly wait.
	scenes := map[string]*scene{}
	for name, tc := range troubles {
		s := newScene(t, env, strings.ToLower(name))
		s.begin(t, tc.release(t, s))
		scenes[name] = s
	}
	t.Run("Told", func(t *testing.T) {
		for name, tc := range troubles {
			t.Run(name, func(t *testing.T) { tc.expectTold(t, scenes[name]) })
		}
	})
	for name, tc := range troubles {
		tc.mend(t, scenes[name])
	}
	t.Run("Recovered", func(t *testing.T) {
		for name := range troubles {
			t.Run(name, func(t *testing.T) { expectRecovered(t, scenes[name]) })
		}
	})
	t.Run("SecondClaimant", func(t *testing.T) { testSecondClaimant(t, env) })
	t.Run("LostSource", func(t *testing.T) { testLostSource(t, env) })
}

func newScene(t *testing.T, env *harness.Env, name string) *scene {
	t.Helper()
	return &scene{env: env, name: name, charts: harness.NewChartRepo(t), git: harness.NewGitRepo(t)}
}

// begin creates the release of a scene.
func (s *scene) begin(t *testing.T, hr *v1alpha1.HelmRelease) {
	t.Helper()
	s.diary, s.began = s.env.Follow(t, s.name), time.Now()
	s.env.Create(t, hr)
}

// expectTold checks what the first attempt told, that it was tried again as it
// should be, and that this told nothing else.
func (tc trouble) expectTold(t *testing.T, s *scene) {
	first := s.diary.First(t, "have a Ready that is False", func(hr *v1alpha1.HelmRelease) bool {
		ready := hr.Condition(v1alpha1.ConditionReady)
		return ready != nil && ready.Status == metav1.ConditionFalse
	})
	ready := first.Condition(v1alpha1.ConditionReady)
	if diff := cmp.Diff([]string{tc.reason, tc.message}, []string{ready.Reason, s.masked(ready.Message)}); diff != "" {
		t.Errorf("%s Reason and message: -want +got:\n%s", tc.why, diff)
	}
	expectSentence(t, ready.Message)
	if stalled := harness.Has(first, v1alpha1.ConditionStalled, metav1.ConditionTrue, ""); stalled != (tc.tries == nil) {
		t.Errorf("Stalled is %t, and it is tried again: %t\n%s", stalled, tc.tries != nil, harness.Status(first))
	}
	if tc.tries != nil {
		expectBackedOff(t, s.began, func() int { return tc.tries(t, s) })
	} else {
		expectNotTriedAgain(t, s)
	}
	for _, later := range s.diary.States() {
		if ready := later.Condition(v1alpha1.ConditionReady); ready != nil && ready.Status != metav1.ConditionUnknown &&
			s.masked(ready.Message) != tc.message || later.Status.Revision != 0 {
			t.Errorf("another try told something else:\n%s", harness.Status(later))
		}
	}
}

func expectRecovered(t *testing.T, s *scene) {
	hr := s.env.AwaitReady(t, s.name)
	if hr.Condition(v1alpha1.ConditionStalled) != nil || hr.Condition(v1alpha1.ConditionReconciling) != nil {
		t.Errorf("it is over, and there are conditions that tell of it:\n%s", harness.Status(hr))
	}
}

// expectBackedOff waits for the fourth try, which has three pauses before it:
// of 1, 2 and 4 seconds, each up to a tenth shorter.
func expectBackedOff(t *testing.T, began time.Time, tries func() int) {
	t.Helper()
	count := 0
	harness.Eventually(t, harness.Patience, "a fourth try", func() bool {
		count = tries()
		return count >= 4
	}, func() string { return fmt.Sprintf("it was tried %d times", count) })
	const pauses = 7 * time.Second * 9 / 10
	if took := time.Since(began); took < pauses {
		t.Errorf("%d tries within %s: the pauses alone should have taken %s", count, took, pauses)
	}
}

// expectNotTriedAgain asks for another look at a release, which does not help:
// the same inputs are not tried again.
func expectNotTriedAgain(t *testing.T, s *scene) {
	t.Helper()
	at := s.env.ReconcileNow(t, s.name)
	hr := s.env.Await(t, s.name, "be looked at again", func(hr *v1alpha1.HelmRelease) bool {
		return hr.Status.LastHandledReconcileAt == at
	})
	if history := hr.Status.History; len(history) > 1 || len(history) == 1 && history[0].Count > 1 {
		t.Errorf("what cannot succeed was tried again:\n%s", harness.Status(hr))
	}
}

// expectSentence checks the form of all messages.
func expectSentence(t *testing.T, message string) {
	t.Helper()
	switch first := []rune(message)[0]; {
	case strings.ContainsAny(message, "\n\r\t"):
		t.Errorf("more than one line: %q", message)
	case !unicode.IsUpper(first):
		t.Errorf("it does not begin with a capital letter: %q", message)
	case strings.HasSuffix(message, "."):
		t.Errorf("it ends with a full stop: %q", message)
	}
}

var digest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// masked puts placeholders for what differs from run to run.
func (s *scene) masked(message string) string {
	masks := []string{s.charts.URL, "REPO", s.git.URL, "GIT", s.env.Namespace, "NAMESPACE"}
	if s.commit != "" {
		masks = append(masks, s.commit[:7], "COMMIT")
	}
	return digest.ReplaceAllStringFunc(strings.NewReplacer(masks...).Replace(message), func(found string) string {
		if found == "sha256:"+harness.WrongDigest {
			return found
		}
		return "sha256:DIGEST"
	})
}

func (s *scene) fromRepository(version string, changes ...harness.Change) *v1alpha1.HelmRelease {
	chart := harness.FromRepository(s.charts.URL, harness.WebChart, version)
	return harness.NewRelease(s.name, append([]harness.Change{chart}, changes...)...)
}

// requests counts the requests that the chart repository had of a kind.
func (s *scene) requests(kind string) int {
	count := 0
	for _, request := range s.charts.Requests() {
		if request == kind {
			count++
		}
	}
	return count
}

// gitLooks counts how often the git server was asked for its refs, but for our
// own pushes.
func (s *scene) gitLooks() int {
	count := 0
	for _, request := range s.git.Host.Requests() {
		if request.Method == "GET" && request.Service == "git-upload-pack" {
			count++
		}
	}
	return count
}

func indexRequests(_ *testing.T, s *scene) int   { return s.requests("GET /index.yaml") }
func archiveRequests(_ *testing.T, s *scene) int { return s.requests("GET /web-0.1.0.tgz") }

// brokenRepository has a chart and a fault.
func brokenRepository(fault harness.Fault) func(*testing.T, *scene) *v1alpha1.HelmRelease {
	return func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
		s.charts.Publish(t, harness.WebChart, "0.1.0")
		s.charts.Break(fault)
		return s.fromRepository("~0.1")
	}
}

func mendedRepository(_ *testing.T, s *scene) { s.charts.Break(harness.Sound) }
