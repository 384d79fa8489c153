package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

var errNoCluster = errors.New("no cluster is configured: set KUBECONFIG, or use --kubeconfig or --server")

// explain turns the API server's refusal, or its silence, into a sentence of the
// kind that kubectl has. The name is empty for a list.
func (r *reader) explain(err error, name string) error {
	kind := resource + "." + v1alpha1.GroupVersion.Group
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case notServed(err):
		return fmt.Errorf("the cluster does not know HelmReleases (%s): install Fairlead's custom resource definitions first, "+
			"`kubectl apply -f deploy/crds` in Fairlead's repository", kind)
	case apierrors.IsNotFound(err) && name != "":
		return fmt.Errorf("%s %q not found in namespace %q", kind, name, r.namespace)
	case apierrors.IsUnauthorized(err):
		return errors.New("you must be logged in to the server (Unauthorized)")
	}
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return fmt.Errorf("from server (%s): %w", status.Status().Reason, err)
	}
	return explainUnreachable(err)
}

// notServed tells a kind that the server does not have from an object that it
// does not have: the former answer is not the API machinery's own.
func notServed(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

func explainUnreachable(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		host := failed.URL
		if address, parseErr := url.Parse(failed.URL); parseErr == nil {
			host = address.Host
		}
		return fmt.Errorf("the connection to the server %s was refused - did you specify the right host or port?", host)
	}
	return fmt.Errorf("unable to connect to the server: %w", failed.Err)
}

// explainConfig says what is wrong with how to reach the cluster.
func explainConfig(err error) error {
	if clientcmd.IsEmptyConfig(err) {
		return errNoCluster
	}
	return fmt.Errorf("reading the kubeconfig: %w", err)
}
