package helm3

import (
	"runtime/debug"
	"sync"

	"helm.sh/helm/v3/pkg/chartutil"
)

const helmModule = "helm.sh/helm/v3"

// helmVersion is what templates read as .Capabilities.HelmVersion.Version. The
// library knows only "v3.22": stock Helm is told the whole of it by its linker,
// and templates that print it must print the same.
var helmVersion = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == helmModule && module.Replace == nil {
				return module.Version
			}
		}
	}
	return chartutil.DefaultCapabilities.HelmVersion.Version
})
