package helmrelease

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// errInvalidSpec is a fault of the spec that admission could not see. Its text
// is for the user.
type errInvalidSpec struct{ message string }

func (e errInvalidSpec) Error() string { return e.message }

func invalidf(format string, args ...any) error {
	return errInvalidSpec{message: fmt.Sprintf(format, args...)}
}

// secretData keeps the credentials of the Secrets that sources use, each with
// the resource version it was read at.
type secretData struct {
	mu   sync.Mutex
	read map[types.NamespacedName]versionedCredentials
}

type versionedCredentials struct {
	version string
	creds   chartsync.Credentials
}

func (s *secretData) get(name types.NamespacedName, version string) (chartsync.Credentials, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	read, ok := s.read[name]
	return read.creds, ok && !older(read.version, version)
}

func (s *secretData) put(name types.NamespacedName, version string, creds chartsync.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[name] = versionedCredentials{version: version, creds: creds}
}

func (s *secretData) forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.read, name)
}
