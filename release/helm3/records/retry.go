package records

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// requestTimeout bounds one request.
const requestTimeout = 30 * time.Second

// patience is how long an API server that does not answer is asked again: half a
// minute and eight requests, which is a leader election of etcd, or a restart.
var patience = wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 8}

// retry makes a request again while its failure may pass, and returns the last
// failure. The caller must recognise its own work in a refusal: the answer to an
// earlier attempt may have been lost.
func (s *Store) retry(ctx context.Context, request func(context.Context) error) error {
	backoff := s.patience
	for {
		err := once(ctx, request)
		if err == nil || !passing(err) || backoff.Steps <= 1 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		case <-time.After(backoff.Step()):
		}
	}
}

func once(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return request(ctx)
}

// passing reports whether the same request may succeed later. Every failure that
// the API server did not word itself is one of the way there, unless it says
// itself, with a method Permanent, that asking again is of no use (a fence).
func passing(err error) bool {
	if p := permanent(nil); errors.As(err, &p) && p.Permanent() {
		return false
	}
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) {
		return true
	}
	code := status.Status().Code
	return code == http.StatusTooManyRequests || code >= http.StatusInternalServerError
}

type permanent interface {
	error
	Permanent() bool
}
