package helmrelease

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
)

// secretRefOf returns the reference to the Secret with the source's credentials,
// or nil.
func secretRefOf(hr *v1alpha1.HelmRelease) *v1alpha1.SecretReference {
	switch chart := hr.Spec.Chart; {
	case chart.Repository != nil:
		return chart.Repository.SecretRef
	case chart.Git != nil:
		return chart.Git.SecretRef
	}
	return nil
}

// credentials returns what the spec's secretRef holds. The Secret's metadata
// come from a watch; its data are read again only when it changed. An
// errInvalidSpec says what is wrong with it.
func (r *Reconciler) credentials(ctx context.Context, hr *v1alpha1.HelmRelease) (chartsync.Credentials, error) {
	ref := secretRefOf(hr)
	if ref == nil {
		return chartsync.Credentials{}, nil
	}
	name := types.NamespacedName{Namespace: hr.Namespace, Name: ref.Name}
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := r.client.Get(ctx, name, meta); err != nil {
		if apierrors.IsNotFound(err) {
			r.secretData.forget(name)
			return chartsync.Credentials{}, invalidf("secret %q with the source's credentials is not in namespace %q: create it", ref.Name, hr.Namespace)
		}
		return chartsync.Credentials{}, fmt.Errorf("reading Secret %q: %w", name, err)
	}
	if creds, ok := r.secretData.get(name, meta.ResourceVersion); ok {
		return creds, nil
	}
	secret := &corev1.Secret{}
	if err := r.secrets.Get(ctx, name, secret); client.IgnoreNotFound(err) != nil {
		return chartsync.Credentials{}, fmt.Errorf("reading Secret %q: %w", name, err)
	}
	creds := chartsync.Credentials{
		Username: string(secret.Data["username"]),
		Password: string(secret.Data["password"]),
		Token:    string(secret.Data["token"]),
	}
	switch {
	case creds.IsZero():
		return creds, invalidf("secret %q has neither username and password nor token", ref.Name)
	case creds.Token != "" && creds.Username+creds.Password != "":
		return creds, invalidf("secret %q has both a token and a username or password: keep one kind", ref.Name)
	case creds.Token == "" && creds.Username == "":
		return creds, invalidf("secret %q has a password and no username", ref.Name)
	}
	r.secretData.put(name, secret.ResourceVersion, creds)
	return creds, nil
}
