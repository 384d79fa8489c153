package crash

import (
	"os"
	"testing"

	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
