package records

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
)

// Helm's labels of a record.
const (
	labelName     = "name"
	labelOwner    = "owner"
	labelStatus   = "status"
	labelVersion  = "version"
	labelCreated  = "createdAt"
	labelModified = "modifiedAt"
	owner         = "helm"
)

// secretName returns the name of the Secret that holds a revision.
func secretName(name string, revision int) string {
	return fmt.Sprintf("%s.%s.v%d", storage.HelmStorageType, name, revision)
}

// revisionOf returns the revision that a Secret's name and labels tell, or 0 if
// it is not a record of Helm's. The name counts, for Helm writes by name.
func revisionOf(meta *metav1.ObjectMeta) int {
	name := meta.Labels[labelName]
	number, isRecord := strings.CutPrefix(meta.Name, storage.HelmStorageType+"."+name+".v")
	if !isRecord || name == "" || meta.Labels[labelOwner] != owner {
		return 0
	}
	revision, err := strconv.Atoi(number)
	if err != nil || meta.Name != secretName(name, revision) {
		return 0
	}
	return max(revision, 0)
}

// keyOf returns the release of a record.
func keyOf(meta *metav1.ObjectMeta) release.Key {
	return release.Key{Namespace: meta.Namespace, Name: meta.Labels[labelName]}
}

// recordOf reads labels and annotations.
func recordOf(meta *metav1.ObjectMeta) release.Record {
	created := seconds(meta.Labels[labelCreated], meta.CreationTimestamp.Time)
	rec := release.Record{
		Revision: revisionOf(meta),
		Status:   release.Status(meta.Labels[labelStatus]),
		Created:  created,
		Modified: seconds(meta.Labels[labelModified], created),
	}
	notes := meta.Annotations
	if rec.Operation = notes[annotationOperation]; rec.Operation == "" {
		return rec
	}
	rec.Action = release.Action(notes[annotationAction])
	rec.Digest, rec.Tried = notes[annotationDigest], notes[annotationTried]
	rec.Outcome = release.Outcome(notes[annotationOutcome])
	rec.Cause, rec.Chart, rec.App = notes[annotationCause], notes[annotationChart], notes[annotationApp]
	rec.Commit = release.Commit{
		Hash: notes[annotationCommit], Author: notes[annotationAuthor], Subject: notes[annotationSubject],
	}
	return rec
}

// seconds reads one of Helm's timestamps. Stock Helm drops createdAt when it
// writes a record for the second time.
func seconds(text string, fallback time.Time) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fallback.UTC()
	}
	return time.Unix(n, 0).UTC()
}

// inOrder returns the records of these Secrets, oldest first.
func inOrder(metas []*metav1.ObjectMeta) []release.Record {
	recs := make([]release.Record, 0, len(metas))
	for _, meta := range metas {
		recs = append(recs, recordOf(meta))
	}
	slices.SortFunc(recs, func(a, b release.Record) int { return cmp.Compare(a.Revision, b.Revision) })
	return recs
}

// labelsOf returns the labels of a record: those it had, the release's own, and
// Helm's.
func labelsOf(had map[string]string, rls *rspb.Release) map[string]string {
	all := make(map[string]string, len(had)+len(rls.Labels)+6)
	for name, value := range had {
		all[name] = value
	}
	for name, value := range customLabels(rls.Labels) {
		all[name] = value
	}
	all[labelName], all[labelOwner] = rls.Name, owner
	all[labelStatus], all[labelVersion] = rls.Info.Status.String(), strconv.Itoa(rls.Version)
	return all
}

// customLabels returns the labels that are not Helm's own.
func customLabels(labels map[string]string) map[string]string {
	custom := map[string]string{}
	for name, value := range labels {
		switch name {
		case labelName, labelOwner, labelStatus, labelVersion, labelCreated, labelModified:
		default:
			custom[name] = value
		}
	}
	return custom
}
