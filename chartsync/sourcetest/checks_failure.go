package sourcetest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// strangers returns spec with credentials that a private server refuses: wrong
// ones, and none. It skips the check on a public server.
func strangers(t *testing.T, spec chartsync.Spec) map[string]chartsync.Spec {
	t.Helper()
	if spec.Credentials.IsZero() {
		t.Skip("the fixture's server asks for no credentials")
	}
	wrong, anonymous := spec, spec
	if wrong.Credentials.Token != "" {
		wrong.Credentials.Token = "wr0ng-t0ken"
	} else {
		wrong.Credentials.Password = "wr0ng-passw0rd"
	}
	anonymous.Credentials = chartsync.Credentials{}
	return map[string]chartsync.Spec{"Wrong": wrong, "Anonymous": anonymous}
}

func wrongCredentials(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	for name, spec := range strangers(t, s.Spec()) {
		t.Run(name, func(t *testing.T) {
			_, err := s.tryResolve(t, spec)
			wantError(t, err, chartsync.ErrUnauthorized, spec)
		})
	}
	s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
}

func cacheIsPerCredentials(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	specs := strangers(t, s.Spec())
	rev := s.resolve(t, s.Spec())
	s.fetch(t, s.Spec(), rev)
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			_, err := s.tryResolve(t, spec)
			wantError(t, err, chartsync.ErrUnauthorized, spec)
			// Who knows a revision from elsewhere must not get its bytes either.
			_, err = s.tryFetch(t, spec, rev)
			wantError(t, err, chartsync.ErrUnauthorized, spec)
		})
	}
}

func sharingIsPerCredentials(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	specs := strangers(t, s.Spec())
	s.Break(Slow)
	owner := make(chan error, 1)
	go func() {
		_, err := s.tryResolve(t, s.Spec())
		owner <- err
	}()
	s.awaitRequests(t, 1) // the owner's is under way
	refused := map[string]chan error{}
	for name, spec := range specs {
		refused[name] = make(chan error, 1)
		go func() {
			_, err := s.tryResolve(t, spec)
			refused[name] <- err
		}()
	}
	// A source that shares too much sends one request and never the others.
	s.awaitRequests(t, 1+len(specs))
	s.Break(Healthy)
	if err := <-owner; err != nil {
		t.Errorf("the owner: %v", err)
	}
	for name, spec := range specs {
		wantError(t, <-refused[name], chartsync.ErrUnauthorized, spec)
	}
}

func revokedCredentials(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
	s.Break(Refusing)
	_, err := s.tryResolve(t, s.Spec())
	wantError(t, err, chartsync.ErrUnauthorized, s.Spec())
	s.Break(Healthy)
	s.resolve(t, s.Spec())
}

func lostServerComesBack(t *testing.T, newFixture func(*testing.T) Fixture) {
	for _, how := range []Breakage{Down, Failing} {
		t.Run(string(how), func(t *testing.T) {
			s := open(t, newFixture, v1)
			s.Break(how)
			_, err := s.tryResolve(t, s.Spec())
			wantError(t, err, chartsync.ErrUnavailable, s.Spec())
			s.Break(Healthy)
			rev := s.resolve(t, s.Spec())
			s.fetch(t, s.Spec(), rev)

			s.Break(how)
			_, err = s.tryResolve(t, s.Spec())
			wantError(t, err, chartsync.ErrUnavailable, s.Spec())
			s.Publish(t, v2)
			s.Break(Healthy)
			rev = s.resolve(t, s.Spec())
			if rev.Version != v2.Version {
				t.Errorf("published while the server was down: want %s, got %s", v2.Version, rev.Version)
			}
			s.fetch(t, s.Spec(), rev)
		})
	}
}

func missingIsNotFound(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	for range 2 { // asked again, the answer may come from a cache
		_, err := s.tryResolve(t, s.Missing())
		wantError(t, err, chartsync.ErrNotFound, s.Missing())
	}
	s.resolve(t, s.Spec())
}

func missingAppears(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture)
	s.PublishUnrelated(t)
	_, err := s.tryResolve(t, s.Spec())
	wantError(t, err, chartsync.ErrNotFound, s.Spec())
	s.Publish(t, v1)
	s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
}

func malformedIsABadSpec(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	for name, spec := range map[string]chartsync.Spec{"Malformed": s.Malformed(), "Empty": {}} {
		_, err := s.tryResolve(t, spec)
		if err == nil {
			t.Fatalf("%s: want an error", name)
		}
		wantError(t, err, chartsync.ErrBadSpec, spec)
	}
	if n := s.Requests(); n != 0 {
		t.Errorf("want no request for a spec that can never work, got %d", n)
	}
}

func credentialsInURLStayHidden(t *testing.T, newFixture func(*testing.T) Fixture) {
	const secret = "s3cret-in-url"
	s := open(t, newFixture, v1)
	s.Break(Refusing) // so that there is an error to read
	_, err := s.tryResolve(t, withUserinfo(t, s.Spec(), secret))
	if err == nil {
		t.Fatal("want an error")
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the message shows the password of the URL: %v", err)
	}
	wantPresentable(t, err, s.Spec().Credentials)
}

// withUserinfo returns spec with a user and a password in its URL.
func withUserinfo(t *testing.T, spec chartsync.Spec, password string) chartsync.Spec {
	t.Helper()
	u, err := url.Parse(spec.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("somebody", password)
	if spec.Repository != nil {
		r := *spec.Repository
		r.URL, spec.Repository = u.String(), &r
	}
	if spec.Git != nil {
		g := *spec.Git
		g.URL, spec.Git = u.String(), &g
	}
	return spec
}
