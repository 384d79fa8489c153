package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The types of condition on a HelmRelease.
const (
	// ConditionReady is True when what is live is what the spec asks for, as far
	// as the source could tell when it was last asked. It stays True while only
	// the source is lost.
	ConditionReady = "Ready"
	// ConditionReleased tells how the last install or upgrade ended.
	ConditionReleased = "Released"
	// ConditionSourceReady tells whether the source of the chart answers.
	ConditionSourceReady = "SourceReady"
	// ConditionRemediated tells how the answer to a failure ended (a rollback or
	// an uninstall). It is there only after one.
	ConditionRemediated = "Remediated"
	// ConditionStalled is there, and True, when nothing more is tried before
	// something changes; its message says what.
	ConditionStalled = "Stalled"
	// ConditionReconciling is there, and True, while something is under way or
	// will be tried again. It is for tools that read kstatus.
	ConditionReconciling = "Reconciling"
)

// Reasons of Ready and Released.
const (
	// ReasonInstallSucceeded surfaces when the newest revision is an install.
	ReasonInstallSucceeded = "InstallSucceeded"
	// ReasonUpgradeSucceeded surfaces when the newest revision is an upgrade.
	ReasonUpgradeSucceeded = "UpgradeSucceeded"
	// ReasonInstallFailed surfaces when Helm ran the install and it failed.
	ReasonInstallFailed = "InstallFailed"
	// ReasonUpgradeFailed surfaces when Helm ran the upgrade and it failed.
	ReasonUpgradeFailed = "UpgradeFailed"
	// ReasonUninstallFailed surfaces when an uninstall failed.
	ReasonUninstallFailed = "UninstallFailed"
	// ReasonProgressing surfaces while an operation is under way.
	ReasonProgressing = "Progressing"
	// ReasonSuspended surfaces when spec.suspend keeps a release from being
	// what the spec asks for.
	ReasonSuspended = "Suspended"
	// ReasonReleaseClaimed surfaces when another HelmRelease has the same Helm
	// release.
	ReasonReleaseClaimed = "ReleaseClaimed"
	// ReasonReleaseLocked surfaces when somebody else's operation on the Helm
	// release is under way.
	ReasonReleaseLocked = "ReleaseLocked"
	// ReasonRetriesSpent surfaces when the same inputs failed as often as the
	// spec allows.
	ReasonRetriesSpent = "RetriesSpent"
	// ReasonSpecInvalid surfaces when a part of the spec that admission cannot
	// check is invalid, or names a Secret that does not fit.
	ReasonSpecInvalid = "SpecInvalid"
)

// Reasons of Ready for a failure before Helm stored a revision.
const (
	// ReasonChartNotFetched surfaces when the chart could not be downloaded.
	ReasonChartNotFetched = "ChartNotFetched"
	// ReasonChartInvalid surfaces when Helm cannot load the chart, or when it
	// does not fit the cluster's version.
	ReasonChartInvalid = "ChartInvalid"
	// ReasonValuesInvalid surfaces when the chart's schema refuses the values.
	ReasonValuesInvalid = "ValuesInvalid"
	// ReasonRenderFailed surfaces when the chart's templates fail.
	ReasonRenderFailed = "RenderFailed"
	// ReasonKindsNotServed surfaces when the chart has kinds that the cluster
	// does not serve.
	ReasonKindsNotServed = "KindsNotServed"
	// ReasonObjectsOwnedByOthers surfaces when objects of the chart exist and
	// belong to somebody else.
	ReasonObjectsOwnedByOthers = "ObjectsOwnedByOthers"
	// ReasonObjectRefused surfaces when the API server refused an object of the
	// chart, or the namespace is missing.
	ReasonObjectRefused = "ObjectRefused"
	// ReasonHookFailed surfaces when a hook failed before there was a revision.
	ReasonHookFailed = "HookFailed"
	// ReasonRecordTooLarge surfaces when Helm's record of the release would be
	// larger than the API server stores.
	ReasonRecordTooLarge = "RecordTooLarge"
	// ReasonStorageFailed surfaces when Helm's storage could not be read or
	// written.
	ReasonStorageFailed = "StorageFailed"
	// ReasonPanicked surfaces when the operation panicked, which is a bug.
	ReasonPanicked = "Panicked"
	// ReasonClusterUnavailable surfaces when the API server did not answer.
	ReasonClusterUnavailable = "ClusterUnavailable"
)

// Reasons of SourceReady, and of Ready while nothing was ever released.
const (
	// ReasonChartResolved surfaces when the source gave a chart.
	ReasonChartResolved = "ChartResolved"
	// ReasonSourceUnavailable surfaces when the source does not answer.
	ReasonSourceUnavailable = "SourceUnavailable"
	// ReasonSourceUnauthorized surfaces when the source refuses the
	// credentials, or wants some.
	ReasonSourceUnauthorized = "SourceUnauthorized"
	// ReasonChartNotFound surfaces when the source has no such chart, version,
	// ref or path.
	ReasonChartNotFound = "ChartNotFound"
	// ReasonSourceInvalid surfaces when the source's answer is not what it
	// should be.
	ReasonSourceInvalid = "SourceInvalid"
)

// Reasons of Remediated.
const (
	// ReasonRollbackSucceeded surfaces when a failed upgrade was rolled back.
	ReasonRollbackSucceeded = "RollbackSucceeded"
	// ReasonRollbackFailed surfaces when that rollback failed.
	ReasonRollbackFailed = "RollbackFailed"
	// ReasonUninstallSucceeded surfaces when a failed release was uninstalled.
	ReasonUninstallSucceeded = "UninstallSucceeded"
)

// messageLimit keeps a condition readable in a terminal and the object small.
const messageLimit = 1024

// True makes a condition with status True. The message is one line.
func True(kind, reason, message string) metav1.Condition {
	return condition(kind, metav1.ConditionTrue, reason, message)
}

// False makes a condition with status False.
func False(kind, reason, message string) metav1.Condition {
	return condition(kind, metav1.ConditionFalse, reason, message)
}

// Unknown makes a condition with status Unknown.
func Unknown(kind, reason, message string) metav1.Condition {
	return condition(kind, metav1.ConditionUnknown, reason, message)
}

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: sentence(message)}
}

// sentence gives a message the form that all conditions share: one line, the
// first letter a capital, no full stop, bounded.
func sentence(message string) string {
	message = strings.TrimSuffix(strings.Join(strings.Fields(message), " "), ".")
	if runes := []rune(message); len(runes) > messageLimit {
		message = string(runes[:messageLimit-1]) + "…"
	}
	if message == "" {
		return message
	}
	first := message[:1]
	return strings.ToUpper(first) + message[1:]
}

// Condition returns the condition of a type, or nil.
func (h *HelmRelease) Condition(kind string) *metav1.Condition {
	return meta.FindStatusCondition(h.Status.Conditions, kind)
}

// SetCondition sets a condition for the current generation. Its transition time
// changes only with its status.
func (h *HelmRelease) SetCondition(c metav1.Condition) {
	c.ObservedGeneration = h.Generation
	meta.SetStatusCondition(&h.Status.Conditions, c)
}

// ClearCondition removes a condition.
func (h *HelmRelease) ClearCondition(kind string) {
	meta.RemoveStatusCondition(&h.Status.Conditions, kind)
}
