package releasetest

import (
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/release"
)

// firstInstall: one that failed is done again as an install.
func firstInstall(t *testing.T, e EngineUnderTest) {
	t.Helper()
	t.Run("FailedThenFixed", func(t *testing.T) {
		s := newScene(t, e)
		created := s.countJobs()
		hook := files(map[string]string{"before": job("before", "pre-install", "")})
		_ = s.fails(release.KindNotReady)(s.install("one", waiting(request("1.0.0", with(poisoned, hook)), 5*time.Second)))
		s.same([]release.Status{release.StatusFailed})
		s.must(s.install("two", waiting(request("1.0.1", with(good, hook)), 30*time.Second)))
		s.same([]release.Status{release.StatusFailed, release.StatusDeployed})
		s.has(false, configMaps, "extra")
		s.has(false, widgets, "web")
		s.eventually("the install hook ran twice", func() bool { return created()["before"] == 2 })
	})
	t.Run("NothingInCommon", func(t *testing.T) {
		s := newScene(t, e)
		_ = s.fails(release.KindNotReady)(s.install("one", waiting(request("1.0.0", poisoned), time.Second)))
		s.must(s.install("two", request("1.0.1", files(map[string]string{"other": service}))))
		s.has(false, configMaps, "extra", "settings")
		s.has(false, deployments, "web")
	})
	t.Run("NothingAtAll", func(t *testing.T) {
		s := newScene(t, e)
		_ = s.fails(release.KindNotReady)(s.install("one", waiting(request("1.0.0", poisoned), time.Second)))
		s.must(s.install("two", request("1.0.1", nil)))
		s.has(false, configMaps, "extra", "settings")
		s.must(s.upgrade("three", request("1.0.2", good)))
		s.must(s.upgrade("four", request("1.0.3", nil)))
		s.has(false, configMaps, "settings")
	})
	t.Run("NeverOverADeployedOne", func(t *testing.T) {
		s := newScene(t, e)
		s.must(s.install("one", request("1.0.0", good)))
		_ = s.fails(release.KindFailed)(s.install("two", request("2.0.0", good)))
		s.same([]release.Status{release.StatusDeployed})
	})
}

// leftovers: an uninstall takes what failed revisions left, too.
func leftovers(t *testing.T, e EngineUnderTest) {
	t.Helper()
	s := newScene(t, e)
	s.must(s.install("one", request("1.0.0", with(good, files(map[string]string{"extra": extra})))))
	// It fails before it could remove the extra ConfigMap.
	bad := with(good, files(map[string]string{"migrate": job("migrate", "pre-upgrade", failingPod)}))
	_ = s.fails(release.KindHook)(s.upgrade("two", request("2.0.0", bad)))
	s.has(true, configMaps, "extra")
	if err := s.uninstall(); err != nil {
		t.Fatal(err)
	}
	s.has(false, configMaps, "extra", "settings")
	s.same([]release.Status{})
}

// outside: a person used stock Helm.
func outside(t *testing.T, e EngineUnderTest) {
	t.Helper()
	s := newScene(t, e)
	s.must(s.install("one", request("1.0.0", good)))
	s.must(s.upgrade("two", request("2.0.0", with(good, files(map[string]string{"extra": extra})))))
	s.rollBackByHand(1, 3)
	if s.record(3).Ours() {
		t.Error("a record of stock Helm's counts as ours")
	}
	s.must(s.upgrade("two", request("2.0.0", with(good, files(map[string]string{"extra": extra})))))
	s.same([]release.Status{
		release.StatusSuperseded, release.StatusSuperseded, release.StatusSuperseded, release.StatusDeployed,
	})
	s.has(true, configMaps, "extra")
}
