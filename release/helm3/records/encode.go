package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	rspb "helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
)

const (
	// dataKey is where a record's Secret holds the release.
	dataKey = "release"
	// secretType is Helm's type of a record's Secret.
	secretType corev1.SecretType = "helm.sh/release.v1"
	// maxRelease bounds a decoded release: a megabyte of gzip can hold a
	// gigabyte of zeros.
	maxRelease = 256 << 20
	// level of gzip: 6 takes two thirds of the time of Helm's 9 and makes a
	// record less than 1 % larger.
	level = 6
)

// writers holds gzip writers, each of which is most of a megabyte.
var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, level) // The level is valid.
	return w
}}

// encode returns base64(gzip(json)), as Helm's driver does. Equal releases give
// equal bytes.
func encode(rls *rspb.Release) ([]byte, error) {
	var out bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &out)
	zip := writers.Get().(*gzip.Writer)
	defer writers.Put(zip)
	zip.Reset(text)
	err := errors.Join(json.NewEncoder(zip).Encode(rls), zip.Close(), text.Close())
	return out.Bytes(), err
}

// sized returns a TooLargeError for what the API server would refuse.
func sized(secret string, data []byte) error {
	if len(data) > corev1.MaxSecretSize {
		return &TooLargeError{Secret: secret, Size: len(data), Limit: corev1.MaxSecretSize}
	}
	return nil
}

// decode reads a release that we or stock Helm encoded. Releases from before
// Helm compressed them are plain JSON in base64.
func decode(data []byte) (*rspb.Release, error) {
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(raw, data)
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	var in io.Reader = bytes.NewReader(raw[:n])
	if bytes.HasPrefix(raw[:n], []byte{0x1f, 0x8b, 0x08}) {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, errors.New("it is not gzip")
		}
		in = zip
	}
	body, err := io.ReadAll(io.LimitReader(in, maxRelease+1))
	if err != nil || len(body) > maxRelease {
		return nil, errors.New("it is cut off or too large")
	}
	rls := new(rspb.Release)
	if json.Unmarshal(body, rls) != nil || rls.Info == nil {
		// The parser's error would quote the body.
		return nil, errors.New("it is not a release")
	}
	return rls, nil
}

// decodeAs decodes a record and checks that it is the revision its name tells.
func decodeAs(name string, revision int, data []byte) (*rspb.Release, error) {
	secret := secretName(name, revision)
	rls, err := decode(data)
	if err == nil && (rls.Name != name || rls.Version != revision) {
		err = errors.New("it holds another release")
	}
	if err != nil {
		return nil, fmt.Errorf("release record %q: %w: %w", secret, ErrUndecodable, err)
	}
	return rls, nil
}
