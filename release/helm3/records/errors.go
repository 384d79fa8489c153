package records

import (
	"errors"
	"fmt"
)

// The errors that a caller branches on, beside Helm's driver.ErrReleaseNotFound
// and driver.ErrReleaseExists. None of their texts holds any part of a body.
var (
	// ErrConflict says that somebody else changed, removed or replaced a record
	// since this session read it.
	ErrConflict = errors.New("somebody else changed the release record meanwhile")
	// ErrUndecodable says that a record's body is not a Helm release.
	ErrUndecodable = errors.New("the release record cannot be decoded")
	// ErrTooLarge says that a record is above what the API server stores in a
	// Secret; the error is a *TooLargeError.
	ErrTooLarge = errors.New("the release record is too large")
)

// A TooLargeError is a record that was not sent because the API server would
// refuse it.
type TooLargeError struct {
	// Secret is the record's name.
	Secret string
	// Size and Limit are in bytes, of the compressed and encoded release.
	Size, Limit int
}

// Error names the Secret, its size and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("release record %q has %d bytes, the API server stores at most %d", e.Secret, e.Size, e.Limit)
}

// Unwrap returns ErrTooLarge.
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

// conflict returns an ErrConflict that names the record.
func conflict(secret string) error { return fmt.Errorf("release record %q: %w", secret, ErrConflict) }
