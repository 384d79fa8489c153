package client

import (
	"context"
	"io"

	"helm.sh/helm/v3/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// GetPodList lists pods.
func (c *Client) GetPodList(namespace string, opts metav1.ListOptions) (*corev1.PodList, error) {
	list, err := api{c}.List(context.Background(), podKind, namespace, opts)
	if err != nil {
		return nil, c.note(err)
	}
	pods := &corev1.PodList{}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(list.UnstructuredContent(), pods)
	return pods, c.note(err)
}

// OutputContainerLogsForPodList copies the logs of all containers to writers.
func (c *Client) OutputContainerLogsForPodList(pods *corev1.PodList, namespace string, writer func(namespace, pod, container string) io.Writer) error {
	client, err := c.shared.client(corev1.SchemeGroupVersion)
	if err != nil {
		return c.note(err)
	}
	for _, pod := range pods.Items {
		for _, container := range pod.Spec.Containers {
			err := copyLog(client, namespace, pod.Name, container.Name, writer(namespace, pod.Name, container.Name))
			if err != nil {
				return c.note(err)
			}
		}
	}
	return nil
}

func copyLog(client *rest.RESTClient, namespace, pod, container string, to io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	log, err := client.Get().Namespace(namespace).Resource("pods").Name(pod).SubResource("log").
		VersionedParams(&corev1.PodLogOptions{Container: container}, scheme.ParameterCodec).
		Stream(ctx)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.Copy(to, log)
	return err
}

// BuildTable is Build for objects that Get then returns as tables.
func (c *Client) BuildTable(reader io.Reader, validate bool) (kube.ResourceList, error) {
	infos, err := c.Build(reader, validate)
	for _, info := range infos {
		info.Client = resource.NewClientWithOptions(info.Client, asTable)
	}
	return infos, err
}

func asTable(req *rest.Request) {
	req.SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
	req.Param("includeObject", "Object")
}

// Get reads objects, and the pods of workloads if related, by version and kind.
// Objects that cannot be read are left out, as with Helm.
func (c *Client) Get(resources kube.ResourceList, related bool) (map[string][]runtime.Object, error) {
	found := map[string][]runtime.Object{}
	asked := map[string]bool{}
	for _, info := range resources {
		obj, err := helper(info).Get(namespaceOf(info), info.Name)
		if err != nil {
			continue
		}
		gvk := info.Mapping.GroupVersionKind
		kind := gvk.Version + "/" + gvk.Kind
		found[kind] = append(found[kind], obj)
		selector := podSelector(info.Object)
		if !related || selector == "" || asked[info.Namespace+" "+selector] {
			continue
		}
		asked[info.Namespace+" "+selector] = true
		found["v1/Pod(related)"] = append(found["v1/Pod(related)"], c.podsOf(info.Namespace, selector, obj)...)
	}
	return found, nil
}

// podsOf lists pods as the same thing as their owner was read: objects or a
// table.
func (c *Client) podsOf(namespace, selector string, like runtime.Object) []runtime.Object {
	client, err := c.restClient(podKind)
	if err != nil {
		return nil
	}
	if like.GetObjectKind().GroupVersionKind().Kind == "Table" {
		client = resource.NewClientWithOptions(client, asTable)
	}
	obj, err := resource.NewHelper(client, podKind).List(namespace, "v1", &metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil
	}
	list, ok := obj.(*unstructured.UnstructuredList)
	if !ok {
		return []runtime.Object{obj}
	}
	pods := make([]runtime.Object, len(list.Items))
	for i := range list.Items {
		pods[i] = &list.Items[i]
	}
	return pods
}

func podSelector(obj runtime.Object) string {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return ""
	}
	path := []string{"spec", "selector"}
	switch u.GetKind() {
	case "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job":
		path = append(path, "matchLabels")
	case "ReplicationController":
	default:
		return ""
	}
	set, _, _ := unstructured.NestedStringMap(u.Object, path...)
	if len(set) == 0 {
		return ""
	}
	return labels.SelectorFromSet(set).String()
}
