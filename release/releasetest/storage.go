package releasetest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fairlead-dev/fairlead/release"
)

// What follows knows Helm's storage format: a Secret for each revision, with the
// release as gzipped JSON, encoded twice. It does to it what crashes and people
// do.

func (s *scene) secretOf(revision int) string {
	return fmt.Sprintf("sh.helm.release.v1.%s.v%d", s.key.Name, revision)
}

// cutOff makes a revision look as if its operation had ended in the middle.
func (s *scene) cutOff(revision int, status release.Status) {
	s.Helper()
	s.rewrite(revision, func(secret *unstructured.Unstructured, body map[string]any) {
		setStatus(secret, body, status)
		notes := secret.GetAnnotations()
		notes["fairlead.dev/outcome"] = string(release.OutcomeUnderway)
		secret.SetAnnotations(notes)
	})
	s.eventually("the tampered record is seen", func() bool { return s.record(revision).Status == status })
}

// jobsRunning makes the hooks of a revision look as if they had been started.
func (s *scene) jobsRunning(revision int) {
	s.Helper()
	s.rewrite(revision, func(_ *unstructured.Unstructured, body map[string]any) {
		for _, h := range body["hooks"].([]any) {
			h.(map[string]any)["last_run"] = map[string]any{
				"started_at": "2026-11-22T12:00:00Z", "completed_at": "", "phase": "Running",
			}
		}
	})
}

// rollBackByHand adds a revision that equals an earlier one, as stock Helm does:
// without our annotations, and with its own writes to the one deployed before.
func (s *scene) rollBackByHand(target, revision int) {
	s.Helper()
	s.rewrite(revision-1, func(secret *unstructured.Unstructured, body map[string]any) {
		setStatus(secret, body, release.StatusSuperseded)
		secret.SetAnnotations(nil)
	})
	secret, body := s.read(target)
	body["version"] = revision
	setStatus(secret, body, release.StatusDeployed)
	labels := secret.GetLabels()
	labels["version"] = strconv.Itoa(revision)
	s.write(secret, body)
	made := map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
		"metadata": map[string]any{"name": s.secretOf(revision)},
		"data":     secret.Object["data"],
	}
	obj := &unstructured.Unstructured{Object: made}
	obj.SetLabels(labels)
	if _, err := s.live.Resource(secrets).Namespace(s.key.Namespace).Create(s.Context(), obj, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.eventually("the new record is seen", func() bool { return len(s.engine.Records(s.key)) == revision })
}

func setStatus(secret *unstructured.Unstructured, body map[string]any, status release.Status) {
	body["info"].(map[string]any)["status"] = string(status)
	labels := secret.GetLabels()
	labels["status"] = string(status)
	secret.SetLabels(labels)
}

func (s *scene) rewrite(revision int, change func(secret *unstructured.Unstructured, body map[string]any)) {
	s.Helper()
	secret, body := s.read(revision)
	change(secret, body)
	s.write(secret, body)
	if _, err := s.live.Resource(secrets).Namespace(s.key.Namespace).Update(s.Context(), secret, metav1.UpdateOptions{}); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) read(revision int) (*unstructured.Unstructured, map[string]any) {
	s.Helper()
	secret := s.get(secrets, s.secretOf(revision))
	if secret == nil {
		s.Fatalf("no record of revision %d", revision)
	}
	encoded, _, _ := unstructured.NestedString(secret.Object, "data", "release")
	zipped := base64.NewDecoder(base64.StdEncoding, base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded)))
	zr, err := gzip.NewReader(zipped)
	if err != nil {
		s.Fatal(err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		s.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		s.Fatal(err)
	}
	return secret, body
}

func (s *scene) write(secret *unstructured.Unstructured, body map[string]any) {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	_, _ = zw.Write(text) // into memory
	_ = zw.Close()
	once := base64.StdEncoding.EncodeToString(buf.Bytes())
	twice := base64.StdEncoding.EncodeToString([]byte(once))
	if err := unstructured.SetNestedField(secret.Object, twice, "data", "release"); err != nil {
		s.Fatal(err)
	}
}
