package records

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"

	"github.com/fairlead-dev/fairlead/release"
)

func TestWritesAreTriedAgain(t *testing.T) {
	cases := map[string]struct {
		why    string
		faults []fault
		want   string
	}{
		"CreateNotSent":       {"A lost request is sent again.", []fault{{method: "POST"}}, "LIST POST POST PUT DELETE"},
		"CreateAnswerLost":    {"Our own operation id tells that it was stored.", []fault{{method: "POST", after: true}}, "LIST POST POST GET PUT DELETE"},
		"UpdateNotSent":       {"A final status is not given up.", []fault{{method: "PUT"}, {method: "PUT"}}, "LIST POST PUT PUT PUT DELETE"},
		"UpdateAnswerLost":    {"The live record is what we sent.", []fault{{method: "PUT", after: true}}, "LIST POST PUT PUT GET DELETE"},
		"UpdateUnavailable":   {"A restarting API server answers 503.", []fault{{method: "PUT", status: 503}}, "LIST POST PUT PUT DELETE"},
		"DeleteAnswerLost":    {"Gone is what we asked for.", []fault{{method: "DELETE", after: true}}, "LIST POST PUT DELETE DELETE"},
		"ListFails":           {"Reading is tried again as well.", []fault{{method: "GET", status: 500}}, "LIST LIST POST PUT DELETE"},
		"TooManyRequestsOnce": {"The API server asks for patience.", []fault{{method: "PUT", status: 429}}, "LIST POST PUT PUT DELETE"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.faults...)
			s := w.begin(release.Install, "op1")
			key, rls := secretName("web", 1), revision(w.namespace, 1, rspb.StatusPendingInstall)
			must(t, s.Create(key, rls))
			rls.Info.Status = rspb.StatusDeployed
			must(t, s.Update(key, rls))
			if got := w.secret(1).Labels[labelStatus]; got != "deployed" {
				t.Errorf("%s\nstored as %s", tc.why, got)
			}
			_, err := s.Delete(key)
			must(t, err)
			if diff := cmp.Diff(tc.want, w.requests.take()); diff != "" {
				t.Errorf("%s\n-want +got\n%s", tc.why, diff)
			}
		})
	}
}

func TestPermanentFailuresAreNotTriedAgain(t *testing.T) {
	cases := map[string]struct {
		why   string
		fault fault
	}{
		"Forbidden": {"No right to write will not come by asking.", fault{method: "POST", status: http.StatusForbidden}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.fault)
			s := w.begin(release.Install, "op1")
			if err := s.Create(secretName("web", 1), revision(w.namespace, 1, rspb.StatusPendingInstall)); err == nil {
				t.Error("want an error")
			}
			if diff := cmp.Diff("LIST POST", w.requests.take()); diff != "" {
				t.Errorf("%s\n-want +got\n%s", tc.why, diff)
			}
		})
	}
	if !passing(errors.New("EOF")) || passing(fenced{}) {
		t.Error("an error that says it is permanent passes, or one of the network does not")
	}
}

type fenced struct{}

func (fenced) Error() string   { return "no longer the leader" }
func (fenced) Permanent() bool { return true }

func TestPreconditions(t *testing.T) {
	key := secretName("web", 1)
	update := func(s *Session) error {
		rls, err := s.Get(key)
		if err != nil {
			return err
		}
		s.store.bodies = newBodies(0)
		rls.Info.Status = rspb.StatusSuperseded
		return s.Update(key, rls)
	}
	remove := func(s *Session) error { _, err := s.Delete(key); return err }
	create := func(s *Session) error { return s.Create(key, revision(s.op.Key.Namespace, 1, rspb.StatusDeployed)) }
	mark := func(s *Session) error {
		return s.Mark(s.ctx, 1, release.StatusFailed, release.Interrupted, "interrupted")
	}

	byStock := func(w *world) {
		must(t, w.stock.Update(key, revision(w.namespace, 1, rspb.StatusFailed)))
	}
	byLabel := func(w *world) { w.edit(1, func(s *corev1.Secret) { s.Labels["backup"] = "yes" }) }
	deleted := func(w *world) { _, err := w.stock.Delete(key); must(t, err) }
	recreated := func(w *world) {
		deleted(w)
		must(t, w.stock.Create(key, revision(w.namespace, 1, rspb.StatusDeployed)))
	}
	cases := map[string]struct {
		why    string
		meddle func(*world)
		do     func(*Session) error
		want   error
	}{
		"UpdateAfterStock":     {"Another Helm's write is not overwritten.", byStock, update, ErrConflict},
		"UpdateAfterLabel":     {"A label by others does not stop us.", byLabel, update, nil},
		"UpdateAfterDelete":    {"Helm's contract.", deleted, update, driver.ErrReleaseNotFound},
		"UpdateAfterRecreate":  {"Another record of the same name is not ours to change.", recreated, update, ErrConflict},
		"DeleteAfterStock":     {"What another Helm wrote is not deleted unseen.", byStock, remove, ErrConflict},
		"DeleteAfterLabel":     {"A label by others does not stop us.", byLabel, remove, nil},
		"DeleteAfterDelete":    {"Helm's contract.", deleted, remove, driver.ErrReleaseNotFound},
		"DeleteAfterRecreate":  {"Another record of the same name is not ours to delete.", recreated, remove, ErrConflict},
		"CreateOverOurs":       {"A revision is made once.", func(*world) {}, create, driver.ErrReleaseExists},
		"MarkAfterLabel":       {"A label by others does not stop us.", byLabel, mark, nil},
		"MarkOfADeletedRecord": {"There is nothing to mark.", deleted, mark, driver.ErrReleaseNotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install("op1")
			s := w.begin(release.Upgrade, "op2")
			_, err := s.Records(t.Context())
			must(t, err)
			if strings.HasPrefix(name, "Update") {
				// Between the read and the write: the body comes from the cache.
				_, err = s.Get(key)
				must(t, err)
			} else if strings.HasPrefix(name, "Mark") {
				w.bodies = newBodies(0)
			}
			tc.meddle(w)
			if err := tc.do(s); !errors.Is(err, tc.want) {
				t.Errorf("%s\nwant %v, got %v", tc.why, tc.want, err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	w.requests.take()
	rls := revision(w.namespace, 2, rspb.StatusPendingUpgrade)
	var noise strings.Builder
	for i := uint64(88172645463325252); noise.Len() < 3<<20; {
		i ^= i << 13
		i ^= i >> 7
		i ^= i << 17
		noise.WriteByte(byte(33 + i%90))
	}
	rls.Manifest = noise.String()

	err := w.begin(release.Upgrade, "op2").Create(secretName("web", 2), rls)
	large := (*TooLargeError)(nil)
	if !errors.Is(err, ErrTooLarge) || !errors.As(err, &large) || large.Limit != 1048576 || large.Size <= large.Limit {
		t.Errorf("want a TooLargeError, got %v", err)
	}
	if diff := cmp.Diff("LIST", w.requests.take()); diff != "" {
		t.Errorf("nothing is sent: -want +got\n%s", diff)
	}
}
