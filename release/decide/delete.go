package decide

import (
	"fmt"

	"github.com/fairlead-dev/fairlead/release"
)

// beingDeleted uninstalls what is ours, and lets go of everything else. It
// comes before suspended, because an object whose deletion waits for a person
// would be stuck.
func beingDeleted(d *release.Desired, o *release.Observed) *release.Decision {
	if !d.Deleted {
		return nil
	}
	if d.Suspended || d.Orphan || o.ClaimedBy != "" || len(o.Records) == 0 || !everOurs(o) {
		return &release.Decision{Action: release.LetGo, Reason: Deleted}
	}
	if left := lockLeft(d, o); left > 0 {
		return &release.Decision{Action: release.None, Reason: ReleaseLocked, After: left,
			Message: fmt.Sprintf("revision %d is %s by somebody else's hand: the uninstall waits for it",
				o.Last().Revision, o.Last().Status)}
	}
	return &release.Decision{Action: release.Uninstall, Reason: Deleted,
		Cause: release.Cause{Text: "the HelmRelease was deleted"}}
}

// everOurs reports whether we ever wrote a revision of this release. A Helm
// release that was there before us, and that we only failed to take over, is
// not ours to remove.
func everOurs(o *release.Observed) bool {
	for _, r := range o.Records {
		if r.Ours() {
			return true
		}
	}
	for _, a := range o.History {
		if a.Revision > 0 && a.Action != release.Outside {
			return true
		}
	}
	return false
}
