package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HelmReleaseSpec says which chart is released, with which values, and how.
//
// +kubebuilder:validation:XValidation:rule="self.maxHistory == 0 || self.maxHistory >= self.upgrade.onFailure.retries + 3",message="maxHistory must be 0 (keep all) or at least upgrade.onFailure.retries + 3, so that the last good revision is still there to roll back to"
// +kubebuilder:validation:XValidation:rule="self.maxHistory == 0 || self.maxHistory >= self.install.onFailure.retries + 3",message="maxHistory must be 0 (keep all) or at least install.onFailure.retries + 3"
// +kubebuilder:validation:XValidation:rule="has(self.releaseName) == has(oldSelf.releaseName) && (!has(self.releaseName) || self.releaseName == oldSelf.releaseName)",message="releaseName cannot be changed: create another HelmRelease, then delete this one"
// +kubebuilder:validation:XValidation:rule="has(self.targetNamespace) == has(oldSelf.targetNamespace) && (!has(self.targetNamespace) || self.targetNamespace == oldSelf.targetNamespace)",message="targetNamespace cannot be changed: create another HelmRelease, then delete this one"
type HelmReleaseSpec struct {
	// chart says where the chart comes from. A change is taken up at once.
	// +required
	Chart ChartSource `json:"chart"`

	// interval is how often the source is asked for something newer, give or
	// take a tenth. Default 10m; at least 10s.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s')",message="interval must be at least 10s, for example 5m"
	Interval metav1.Duration `json:"interval,omitempty"`

	// releaseName is the name of the Helm release. Default: the name of this
	// object, which then must not be longer than 53 characters, as Helm says.
	// It cannot be changed later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=53
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	ReleaseName string `json:"releaseName,omitempty"`

	// targetNamespace is the namespace of the Helm release: of its objects and
	// of Helm's storage. Default: the namespace of this object. It cannot be
	// changed later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	TargetNamespace string `json:"targetNamespace,omitempty"`

	// values are merged over the chart's own values; null deletes a key.
	// +optional
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Values *apiextensionsv1.JSON `json:"values,omitempty"`

	// install says how the first revision is made.
	// +optional
	// +kubebuilder:default={}
	Install Install `json:"install,omitempty"`

	// upgrade says how later revisions are made; rollbacks take timeout, wait
	// and disableHooks from it as well.
	// +optional
	// +kubebuilder:default={}
	Upgrade Upgrade `json:"upgrade,omitempty"`

	// suspend stops everything that this object would cause, but for what is
	// under way. A suspended object that is deleted leaves its Helm release
	// where it is.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// deletionPolicy says what becomes of the Helm release when this object is
	// deleted: Uninstall (the default), or Orphan to leave it running.
	// +optional
	// +kubebuilder:default=Uninstall
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// maxHistory is how many revisions Helm keeps; 0 keeps all. Default 10; at
	// least 3 more than the retries. The last good revision and what came
	// after it are kept in any case.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MaxHistory *int32 `json:"maxHistory,omitempty"`
}

// DeletionPolicy says what becomes of a Helm release whose HelmRelease is
// deleted.
// +kubebuilder:validation:Enum=Uninstall;Orphan
type DeletionPolicy string

// The deletion policies.
const (
	DeletionUninstall DeletionPolicy = "Uninstall"
	DeletionOrphan    DeletionPolicy = "Orphan"
)

// ChartSource is where a chart comes from.
//
// +kubebuilder:validation:XValidation:rule="has(self.repository) != has(self.git)",message="chart needs exactly one of repository and git"
type ChartSource struct {
	// repository takes the chart from a Helm repository, by semver range.
	// +optional
	Repository *RepositoryChart `json:"repository,omitempty"`

	// git takes the chart from a directory in a git repository.
	// +optional
	Git *GitChart `json:"git,omitempty"`
}

// RepositoryChart names a chart in a Helm repository with an index.yaml.
type RepositoryChart struct {
	// url of the repository, http or https, without credentials in it;
	// index.yaml is looked for below it.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#@]+([/?#].*)?$')",message="url must begin with http:// or https:// and must not hold credentials (use secretRef), for example https://charts.example.com"
	// +required
	URL string `json:"url"`

	// name of the chart in the repository.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=250
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9._-]+$`
	// +required
	Name string `json:"name"`

	// version is a semver range, resolved as Helm does: "1.2.3", "~1.2", "^1",
	// ">=1.2 <2"; prereleases only when the range has one. When omitted, the
	// newest stable version.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-+0-9A-Za-z.*~^<>=!|, ]*$')",message="version must be a semver version or range, for example 1.2.3, ~1.2 or >=1.2.0 <2.0.0"
	Version string `json:"version,omitempty"`

	// secretRef names a Secret in the namespace of this object with `username`
	// and `password`, or `token`. When omitted, the repository is asked
	// without credentials. A changed Secret is taken up at once.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// GitChart names a chart directory in a git repository.
type GitChart struct {
	// url of the git repository, http or https, without credentials in it.
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#@]+([/?#].*)?$')",message="url must begin with http:// or https:// and must not hold credentials (use secretRef), for example https://git.example.com/team/charts.git"
	// +required
	URL string `json:"url"`

	// ref is what to follow. When omitted, the branch that the remote's HEAD
	// names.
	// +optional
	Ref *GitRef `json:"ref,omitempty"`

	// path of the chart's directory from the root of the repository. When
	// omitted, the root.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="path must be relative to the root of the repository and must not contain .., for example charts/podinfo"
	Path string `json:"path,omitempty"`

	// secretRef names a Secret in the namespace of this object with `username`
	// and `password`, or `token`. A changed Secret is taken up at once.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// GitRef is what to follow in a git repository.
//
// +kubebuilder:validation:XValidation:rule="[has(self.branch), has(self.tag), has(self.commit)].filter(x, x).size() == 1",message="ref needs exactly one of branch, tag and commit"
type GitRef struct {
	// branch to follow: its newest commit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=250
	Branch string `json:"branch,omitempty"`

	// tag to use; a moved tag is followed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=250
	Tag string `json:"tag,omitempty"`

	// commit to use, its full hash.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{40}$')",message="commit must be a full hash of 40 hexadecimal digits"
	Commit string `json:"commit,omitempty"`
}

// SecretReference names a Secret in the namespace of the object.
type SecretReference struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}

// Install says how the first revision is made.
type Install struct {
	// timeout of the wait for readiness, and of each hook. Default 5m; 1s to
	// 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="timeout must be between 1s and 24h, for example 5m"
	Timeout metav1.Duration `json:"timeout,omitempty"`

	// wait for the objects to become ready before the install counts as
	// succeeded. Default true.
	// +optional
	// +kubebuilder:default=true
	Wait *bool `json:"wait,omitempty"`

	// disableHooks leaves the chart's hooks out. Default false.
	// +optional
	DisableHooks bool `json:"disableHooks,omitempty"`

	// createNamespace creates targetNamespace if it is missing. It is never
	// deleted by us. Default false.
	// +optional
	CreateNamespace bool `json:"createNamespace,omitempty"`

	// onFailure says what follows a failed install.
	// +optional
	// +kubebuilder:default={}
	OnFailure InstallFailure `json:"onFailure,omitempty"`
}

// Upgrade says how later revisions are made.
type Upgrade struct {
	// timeout of the wait for readiness, and of each hook. Default 5m; 1s to
	// 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="timeout must be between 1s and 24h, for example 5m"
	Timeout metav1.Duration `json:"timeout,omitempty"`

	// wait for the objects to become ready before the upgrade counts as
	// succeeded. Default true.
	// +optional
	// +kubebuilder:default=true
	Wait *bool `json:"wait,omitempty"`

	// disableHooks leaves the chart's hooks out. Default false.
	// +optional
	DisableHooks bool `json:"disableHooks,omitempty"`

	// onFailure says what follows a failed upgrade.
	// +optional
	// +kubebuilder:default={}
	OnFailure UpgradeFailure `json:"onFailure,omitempty"`
}

// InstallFailure says what follows a failed install.
type InstallFailure struct {
	// strategy: Retry (the default) keeps the failed revision and installs
	// again over it; Uninstall removes it first; None leaves it as it is until
	// the chart, the values or the options change.
	// +optional
	// +kubebuilder:default=Retry
	// +kubebuilder:validation:Enum=Retry;Uninstall;None
	Strategy string `json:"strategy,omitempty"`

	// retries is how often the same chart and values are tried again, with a
	// growing pause between. Default 3, at most 20. None never tries again.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	Retries *int32 `json:"retries,omitempty"`
}

// UpgradeFailure says what follows a failed upgrade.
type UpgradeFailure struct {
	// strategy: Rollback (the default) goes back to the last good revision, then
	// tries again while there are retries; Retry tries again from where it
	// stands; Uninstall removes the release and installs it anew; None leaves it
	// as it is until the chart, the values or the options change.
	// +optional
	// +kubebuilder:default=Rollback
	// +kubebuilder:validation:Enum=Rollback;Retry;Uninstall;None
	Strategy string `json:"strategy,omitempty"`

	// retries is how often the same chart and values are tried again, with a
	// growing pause between. Default 3, at most 20. None never tries again.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	Retries *int32 `json:"retries,omitempty"`
}

// HelmReleaseStatus is what the controller found and did.
type HelmReleaseStatus struct {
	// observedGeneration is the generation of the spec that the conditions
	// speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Released, SourceReady, Remediated, Stalled and
	// Reconciling.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// chart is the newest chart that the source gave for this spec.
	// +optional
	Chart *ResolvedChart `json:"chart,omitempty"`

	// revision is the newest revision in Helm's storage.
	// +optional
	Revision int `json:"revision,omitempty"`

	// desiredDigest identifies chart, values and everything else that changes
	// what is applied.
	// +optional
	DesiredDigest string `json:"desiredDigest,omitempty"`

	// history are the attempts, newest first, equal repeats folded; at most 50.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	History []Attempt `json:"history,omitempty"`

	// lastHandledReconcileAt is the value of the annotation
	// fairlead.dev/reconcile-at that was last taken up.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ResolvedChart is an immutable chart that a source gave.
type ResolvedChart struct {
	// name of the chart.
	Name string `json:"name"`
	// version of the chart.
	Version string `json:"version"`
	// appVersion of the chart, if it says one.
	// +optional
	AppVersion string `json:"appVersion,omitempty"`
	// digest identifies the chart's content.
	Digest string `json:"digest"`
	// commit that last changed the chart, if it came from git.
	// +optional
	Commit string `json:"commit,omitempty"`
	// author of the commit, as the commit claims.
	// +optional
	Author string `json:"author,omitempty"`
	// subject of the commit's message.
	// +optional
	Subject string `json:"subject,omitempty"`
	// source identifies the spec.chart that gave it.
	// +optional
	Source string `json:"source,omitempty"`
}

// Attempt is one action on the Helm release, or one that failed before it began.
type Attempt struct {
	// revision that Helm stored, if any.
	// +optional
	Revision int `json:"revision,omitempty"`
	// action: Install, Upgrade, Rollback or Uninstall, or Outside for a revision
	// that somebody else wrote.
	Action string `json:"action"`
	// outcome: Succeeded, Failed, Superseded or Interrupted.
	// +optional
	Outcome string `json:"outcome,omitempty"`
	// reason is a word for programs.
	// +optional
	Reason string `json:"reason,omitempty"`
	// message says how it ended.
	// +optional
	Message string `json:"message,omitempty"`
	// chart is name and version of the chart.
	// +optional
	Chart string `json:"chart,omitempty"`
	// appVersion of the chart.
	// +optional
	AppVersion string `json:"appVersion,omitempty"`
	// commit that caused the attempt, if it came from git.
	// +optional
	Commit string `json:"commit,omitempty"`
	// author of the commit, as the commit claims.
	// +optional
	Author string `json:"author,omitempty"`
	// subject of the commit's message.
	// +optional
	Subject string `json:"subject,omitempty"`
	// cause says why the attempt was made.
	// +optional
	Cause string `json:"cause,omitempty"`
	// started is when the attempt began.
	// +optional
	Started *metav1.Time `json:"started,omitempty"`
	// duration of the attempt; of the last one if it was repeated.
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`
	// digest is the desired digest that was tried.
	// +optional
	Digest string `json:"digest,omitempty"`
	// options is how it was tried: timeout, wait and hooks. A failure under
	// other options is not held against these.
	// +optional
	Options string `json:"options,omitempty"`
	// deterministic is true when the same inputs on the same cluster will
	// always fail so; nothing is tried again before one of them changes.
	// +optional
	Deterministic bool `json:"deterministic,omitempty"`
	// apiSet identifies the kinds that the cluster served when a
	// deterministic attempt failed.
	// +optional
	APISet string `json:"apiSet,omitempty"`
	// warnings that the API server sent, for example about unknown fields and
	// deprecated API versions; at most 5.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	Warnings []string `json:"warnings,omitempty"`
	// count is how many equal attempts in a row this one stands for, when more
	// than one.
	// +optional
	Count int `json:"count,omitempty"`
}

// HelmRelease runs a Helm release: it fetches the chart, composes the values,
// installs, upgrades, rolls back, and tells what happened and why.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=flr,categories=fairlead
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Chart",type=string,JSONPath=`.status.chart.name`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.chart.version`
// +kubebuilder:printcolumn:name="Revision",type=integer,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Suspended",type=boolean,JSONPath=`.spec.suspend`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="has(self.spec.releaseName) || size(self.metadata.name) <= 53",message="the name is longer than the 53 characters that Helm allows: set spec.releaseName to a shorter one"
type HelmRelease struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what is wanted.
	// +required
	Spec HelmReleaseSpec `json:"spec"`

	// status says what was found and done.
	// +optional
	Status HelmReleaseStatus `json:"status,omitempty"`
}

// HelmReleaseList is a list of HelmReleases.
//
// +kubebuilder:object:root=true
type HelmReleaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []HelmRelease `json:"items"`
}

// StorageNamespace returns the namespace of the Helm release: spec.targetNamespace
// or the object's own.
func (h *HelmRelease) StorageNamespace() string {
	if h.Spec.TargetNamespace != "" {
		return h.Spec.TargetNamespace
	}
	return h.Namespace
}

// HelmName returns the name of the Helm release: spec.releaseName or the object's
// own.
func (h *HelmRelease) HelmName() string {
	if h.Spec.ReleaseName != "" {
		return h.Spec.ReleaseName
	}
	return h.Name
}
