package helmrelease

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
)

func withSecret(name string) func(*v1alpha1.HelmRelease) {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Chart.Repository.SecretRef = &v1alpha1.SecretReference{Name: name}
	}
}

func withGitSecret(name string) func(*v1alpha1.HelmRelease) {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Chart = v1alpha1.ChartSource{Git: &v1alpha1.GitChart{
			URL: "https://git.example.com/charts.git", SecretRef: &v1alpha1.SecretReference{Name: name},
		}}
	}
}

// countingReader counts what is read from the API server.
type countingReader struct {
	client.Reader
	reads int
}

// Get implements client.Reader.
func (r *countingReader) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	r.reads++
	return r.Reader.Get(ctx, key, o, opts...)
}

// eventually waits for what the cache learns by its watch.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited 30 s for %s, in vain", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestCredentials(t *testing.T) {
	w := newWorld(t)
	// what a user wrote must not come back in a message
	const hidden = "hunter2"
	cases := map[string]struct {
		why     string
		data    map[string]string // nil: there is no Secret
		want    chartsync.Credentials
		invalid string
	}{
		"missing":     {why: "It says where to create it.", invalid: `secret "missing" with the source's credentials is not in namespace "NS": create it`},
		"basic":       {why: "For a repository or git.", data: map[string]string{"username": "ada", "password": hidden}, want: chartsync.Credentials{Username: "ada", Password: hidden}},
		"no-password": {why: "Some servers take a token as a user.", data: map[string]string{"username": "ada"}, want: chartsync.Credentials{Username: "ada"}},
		"token":       {why: "For a bearer.", data: map[string]string{"token": hidden}, want: chartsync.Credentials{Token: hidden}},
		"empty":       {why: "It has nothing.", data: map[string]string{}, invalid: `secret "empty" has neither username and password nor token`},
		"other-keys":  {why: "It is for something else.", data: map[string]string{"pass": hidden}, invalid: `secret "other-keys" has neither username and password nor token`},
		"both":        {why: "Which of them is meant?", data: map[string]string{"token": hidden, "password": hidden}, invalid: `secret "both" has both a token and a username or password: keep one kind`},
		"nameless":    {why: "Half is forgotten.", data: map[string]string{"password": hidden}, invalid: `secret "nameless" has a password and no username`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.data != nil {
				secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, StringData: tc.data}
				w.create(t, secret)
				w.awaitCached(t, secret)
			}
			for _, hr := range []*v1alpha1.HelmRelease{w.release("web", withSecret(name)), w.release("web", withGitSecret(name))} {
				got, err := w.credentials(t.Context(), hr)
				text := ""
				var invalid errInvalidSpec
				if errors.As(err, &invalid) {
					text, got = strings.ReplaceAll(invalid.Error(), w.namespace, "NS"), chartsync.Credentials{}
				} else if err != nil {
					t.Fatal(err)
				}
				if text != tc.invalid || got != tc.want || strings.Contains(text, hidden) {
					t.Errorf("%s Got the error %q, want %q; the credentials are right: %t", tc.why, text, tc.invalid, got == tc.want)
				}
			}
		})
	}
	if got, err := w.credentials(t.Context(), w.release("web")); err != nil || !got.IsZero() {
		t.Errorf("a source that needs none got some: %v", err)
	}
}

// TestCredentialsChange has a Secret that is rotated and deleted. Its data are
// read once for each change: a reconcile with nothing to do asks for nothing.
func TestCredentialsChange(t *testing.T) {
	w := newWorld(t)
	reader := &countingReader{Reader: w.secrets}
	w.secrets = reader
	hr := w.release("web", withSecret("charts"))
	expect := func(password string, reads int) {
		t.Helper()
		for range 3 {
			creds, err := w.credentials(t.Context(), hr)
			if err != nil || creds.Password != password {
				t.Fatalf("the password is right: %t, error: %v", creds.Password == password, err)
			}
		}
		if reader.reads != reads {
			t.Errorf("the data were read %d times, want %d", reader.reads, reads)
		}
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "charts"},
		StringData: map[string]string{"username": "ada", "password": "old"}}
	w.create(t, secret)
	w.awaitCached(t, secret)
	expect("old", 1)

	secret.StringData = map[string]string{"password": "new"}
	if err := w.user.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.awaitCached(t, secret)
	expect("new", 2)

	if err := w.user.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	var err error
	eventually(t, "the Secret's end", func() bool {
		_, err = w.credentials(t.Context(), hr)
		return err != nil
	})
	if !errors.As(err, new(errInvalidSpec)) || len(w.secretData.read) != 0 {
		t.Errorf("the Secret is gone, %d are remembered, and the error is: %v", len(w.secretData.read), err)
	}
}

// awaitCached waits until the cache has a Secret as it is.
func (w *world) awaitCached(t *testing.T, secret *corev1.Secret) {
	t.Helper()
	eventually(t, "Secret "+secret.Name, func() bool {
		meta := &metav1.PartialObjectMetadata{}
		meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		err := w.cached.GetClient().Get(t.Context(), client.ObjectKeyFromObject(secret), meta)
		return err == nil && meta.ResourceVersion == secret.ResourceVersion
	})
}

// TestUsersOfSecret has a Secret change: those whose source needs it are looked
// at again, and nobody else.
func TestUsersOfSecret(t *testing.T) {
	w := newWorld(t)
	for _, hr := range []*v1alpha1.HelmRelease{
		w.release("by-repository", withSecret("charts")), w.release("by-git", withGitSecret("charts")),
		w.release("other-secret", withSecret("others")), w.release("none"),
	} {
		w.create(t, hr)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "charts"}}
	var names []string
	eventually(t, "both users of the Secret", func() bool {
		names = nil
		for _, request := range w.usersOf(t.Context(), secret) {
			names = append(names, request.Name)
		}
		return len(names) >= 2
	})
	if diff := cmp.Diff(map[string]bool{"by-repository": true, "by-git": true}, setOf(names)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	secret.Namespace = "elsewhere"
	if got := w.usersOf(t.Context(), secret); len(got) != 0 {
		t.Errorf("a Secret of the same name in another namespace woke %v", got)
	}
}

func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}
