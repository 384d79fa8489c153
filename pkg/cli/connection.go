package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// connection is how a verb finds the API server and the namespace: kubectl's
// own flags, kubeconfig and environment.
type connection struct {
	flags         *genericclioptions.ConfigFlags
	allNamespaces bool
	version       string
}

// helpfulFlags are those of kubectl's flags that help lists; the others are
// understood all the same.
var helpfulFlags = map[string]string{
	"namespace":  "Namespace to look in; the kubeconfig's if not given",
	"context":    "Context of the kubeconfig to use",
	"kubeconfig": "Path of the kubeconfig",
}

const kubectlFlagsNote = "All flags by which kubectl is told how to reach a cluster work here as well:\nsee `kubectl options`."

// connect gives a verb the flags to reach a cluster.
func connect(cmd *cobra.Command, info BuildInfo) *connection {
	c := &connection{flags: genericclioptions.NewConfigFlags(true), version: info.Version}
	own := map[string]bool{}
	for _, f := range visitAll(cmd.Flags()) {
		own[f.Name] = true
	}
	c.flags.AddFlags(cmd.Flags())
	for _, f := range visitAll(cmd.Flags()) {
		if usage, ok := helpfulFlags[f.Name]; ok {
			f.Usage = usage
		} else if !own[f.Name] {
			f.Hidden = true
		}
	}
	return c
}

// spanNamespaces lets the verb look into all namespaces.
func (c *connection) spanNamespaces(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.allNamespaces, "all-namespaces", "A", false, "Look in all namespaces")
}

// reader opens the connection. No request is made yet.
func (c *connection) reader() (*reader, error) {
	namespace, _, err := c.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if c.allNamespaces {
		namespace = ""
	}
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return nil, explainConfig(err)
	}
	if c.guessed(config) {
		return nil, errNoCluster
	}
	config = rest.CopyConfig(config)
	// Not the controller's user agent: its requests are counted by it.
	config.UserAgent = "fairlead-cli/" + c.version
	// Deprecations are for those who write objects.
	config.WarningHandler = rest.NoWarnings{}
	return newReader(config, namespace)
}

// guessed says that nobody named a server: then kubectl's code takes
// localhost:8080, where hardly ever one is.
func (c *connection) guessed(config *rest.Config) bool {
	raw, err := c.flags.ToRawKubeConfigLoader().RawConfig()
	return err == nil && len(raw.Clusters) == 0 && *c.flags.APIServer == "" && config.Host == clientcmd.ClusterDefaults.Server
}

func visitAll(set *pflag.FlagSet) []*pflag.Flag {
	var all []*pflag.Flag
	set.VisitAll(func(f *pflag.Flag) { all = append(all, f) })
	return all
}
