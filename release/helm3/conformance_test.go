package helm3_test

import (
	"os"
	"testing"

	"github.com/fairlead-dev/fairlead/release/helm3"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

func TestMain(m *testing.M) {
	helm3.SilenceHelm()
	os.Exit(releasetest.Main(m))
}

func TestConformance(t *testing.T) {
	releasetest.Conformance(t, func(t *testing.T) releasetest.EngineUnderTest {
		cfg := releasetest.Cluster(t)
		return releasetest.EngineUnderTest{Engine: started(t, cfg), Config: cfg}
	})
}
