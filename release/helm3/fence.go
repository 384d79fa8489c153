package helm3

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fence returns a wrapper for the transport of a rest.Config that asks check
// before every request that would change something; see WithFence. It is for
// the clients that work beside an Engine.
func Fence(check func() error) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return fence{next: next, check: check} }
}

// fence asks before every request that changes something. Two controllers that
// both think they lead would else write over each other.
type fence struct {
	next  http.RoundTripper
	check func() error
}

// reasonFenced marks an answer as ours.
const reasonFenced metav1.StatusReason = "Fenced"

// RoundTrip implements http.RoundTripper. What may not leave is answered here as
// the API server forbids things: everybody above knows that asking again is of
// no use.
func (f fence) RoundTrip(req *http.Request) (*http.Response, error) {
	if reads(req.Method) {
		return f.next.RoundTrip(req)
	}
	err := f.check()
	if err == nil {
		return f.next.RoundTrip(req)
	}
	if req.Body != nil {
		_ = req.Body.Close()
	}
	body, err := json.Marshal(&metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     http.StatusForbidden,
		Reason:   reasonFenced,
		Message:  "not allowed to write: " + err.Error(),
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        http.StatusText(http.StatusForbidden),
		StatusCode:    http.StatusForbidden,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}

// WrappedRoundTripper lets client-go find the transport beneath.
func (f fence) WrappedRoundTripper() http.RoundTripper { return f.next }

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// fencedOff returns what a fence said, if err is of one.
func fencedOff(err error) string {
	status := as[*apierrors.StatusError](err)
	if status == nil || (*status).ErrStatus.Reason != reasonFenced {
		return ""
	}
	return (*status).ErrStatus.Message
}
