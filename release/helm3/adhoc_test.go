package helm3_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

func TestAdhoc(t *testing.T) {
	cfg := releasetest.Cluster(t)
	var requests counter
	e := started(t, requests.wrap(cfg))
	all, _ := filepath.Glob("/work/shared/charts/*/*.tgz")
	for i, path := range all {
		ns := fmt.Sprintf("adhoc-%d", i)
		archive, _ := os.ReadFile(path)
		req := release.Request{Chart: release.Chart{Name: filepath.Base(path), Version: "x", Archive: func(context.Context) ([]byte, error) { return archive, nil }}, Timeout: 60 * time.Second, CreateNamespace: true, Wait: true, Values: map[string]any{}}
		requests.take()
		begin := time.Now()
		res, err := e.Install(t.Context(), operation(release.Install, ns), req)
		t.Logf("%s: %v %d requests, rev %d warnings %d err %v", filepath.Base(path), time.Since(begin), len(requests.take()), res.Revision, len(res.Warnings), err)
		for _, w := range res.Warnings { t.Log("   warning", w) }
		if err != nil { t.Log("   kind", kindOf(err)); }
		begin = time.Now()
		req.Timeout = 30*time.Second
		if err == nil {
			res, err = e.Upgrade(t.Context(), operation(release.Upgrade, ns), req)
			t.Logf("   upgrade: %v %d requests, rev %d err %v", time.Since(begin), len(requests.take()), res.Revision, err)
		}
		begin = time.Now()
		_, err = e.Uninstall(t.Context(), operation(release.Uninstall, ns), release.UninstallRequest{Timeout: 60*time.Second, Wait: true})
		t.Logf("   uninstall: %v %d requests, err %v", time.Since(begin), len(requests.take()), err)
	}
}
