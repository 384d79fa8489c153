package cluster

import (
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options say which cluster to start.
type Options struct {
	Dir      string        // the Home; DefaultDir if empty
	Port     int           // of the API server; 0 chooses a free one
	Audit    bool          // write Home's audit.log
	Programs string        // the directory that holds etcd, kube-apiserver …
	Timeout  time.Duration // for the cluster to become ready
	Progress io.Writer     // what a person waiting may read, line by line
}

// DefaultDir is where a cluster lives if nothing else is said.
func DefaultDir() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "fairlead", "controlplane")
}
