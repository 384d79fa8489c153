package git

import "errors"

// Sentinel errors. Every error of this package wraps one of them.
var (
	// ErrUnavailable says that the remote could not be asked, or the disk could
	// not be read. Asking again may help.
	ErrUnavailable = errors.New("git repository unavailable")
	// ErrUnauthorized says that the remote refused the credentials or wants some.
	ErrUnauthorized = errors.New("git repository refused the credentials")
	// ErrNotFound says that the repository, the ref or the path does not exist.
	ErrNotFound = errors.New("not found in git")
	// ErrInvalid says that what answered is not what it should be: no git
	// server, or a path of the wrong kind.
	ErrInvalid = errors.New("invalid content in git")
	// ErrBadSpec says that the question can never be answered: a URL that is no
	// http or https URL, a commit that is no full hash.
	ErrBadSpec = errors.New("invalid git address")
	// ErrDamaged says that the mirror on disk is broken. Mend repairs it.
	ErrDamaged = errors.New("damaged git mirror")
)

// problem is a sentence about a kind of error. The kind and the cause are for
// errors.Is; only the sentence is read.
type problem struct {
	kind  error
	text  string
	cause error
}

// Error returns the sentence.
func (p *problem) Error() string { return p.text }

// Unwrap returns the sentinel and, if there is one, the cause.
func (p *problem) Unwrap() []error {
	if p.cause == nil {
		return []error{p.kind}
	}
	return []error{p.kind, p.cause}
}
