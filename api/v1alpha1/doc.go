// Package v1alpha1 holds the objects that users write and read, in the API group
// fairlead.dev: HelmRelease, its conditions and their reasons.
//
// Types only, with the constructors of conditions. What a field does is told by
// its comment; `docs/api.md` is generated from these.
//
// +kubebuilder:object:generate=true
// +groupName=fairlead.dev
package v1alpha1
