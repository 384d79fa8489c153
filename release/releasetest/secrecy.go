package releasetest

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/release"
)

// keepsSecrets: the API server quotes what it refuses; neither a message nor a
// record's description may.
func keepsSecrets(t *testing.T, e EngineUnderTest) {
	t.Helper()
	const value = "Hunter2_and_more"
	s := newScene(t, e)
	s.must(s.install("one", request("1.0.0", good)))
	leaky := with(good, files(map[string]string{
		"secret": `
apiVersion: v1
kind: Secret
metadata: {name: password}
stringData: {password: {{ .Values.password | quote }}}
`,
		"service": strings.Replace(service, "name: http", "name: {{ .Values.password | quote }}", 1),
	}))
	req := request("2.0.0", leaky)
	req.Values = map[string]any{"password": value}
	failure := s.fails(release.KindRefused)(s.upgrade("two", req))
	s.says(failure, "(redacted)")
	_, body := s.read(2)
	description, err := json.Marshal(body["info"].(map[string]any)["description"])
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{failure.Message, string(description)} {
		if strings.Contains(text, value) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(value))) {
			t.Errorf("a secret is told: %s", text)
		}
	}
}
