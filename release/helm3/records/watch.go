package records

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// byRelease indexes the watched records by Key.String.
const byRelease = "release"

// newWatch prepares the metadata-only watch of the records in a namespace.
func (s *Store) newWatch(namespace string) (cache.SharedIndexInformer, error) {
	indexers := cache.Indexers{byRelease: indexRelease}
	onlyHelm := func(o *metav1.ListOptions) { o.LabelSelector = labels.Set{labelOwner: owner}.String() }
	w := metadatainformer.NewFilteredMetadataInformer(s.meta, secrets, namespace, 0, indexers, onlyHelm).Informer()
	if err := w.SetTransform(trim); err != nil {
		return nil, err
	}
	_, err := w.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { s.changed(obj, false) },
		UpdateFunc: func(_, obj any) { s.changed(obj, false) },
		DeleteFunc: func(obj any) { s.changed(obj, true) },
	})
	return w, err
}

// watchOf returns what is known of a namespace, or nil if it is not watched.
func (s *Store) watchOf(namespace string) cache.Indexer {
	for _, name := range []string{namespace, metav1.NamespaceAll} {
		if w := s.watches[name]; w != nil {
			return w.GetIndexer()
		}
	}
	return nil
}

// changed tells that a record is new, changed or gone, unless we did it.
func (s *Store) changed(obj any, gone bool) {
	if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = last.Obj
	}
	meta := metaOf(obj)
	if meta == nil || revisionOf(meta) == 0 || s.recent.echo(meta, gone) {
		return
	}
	for _, f := range s.onChange {
		f(keyOf(meta))
	}
}

func indexRelease(obj any) ([]string, error) {
	meta := metaOf(obj)
	if meta == nil || revisionOf(meta) == 0 {
		return nil, nil
	}
	return []string{keyOf(meta).String()}, nil
}

func metaOf(obj any) *metav1.ObjectMeta {
	if partial, ok := obj.(*metav1.PartialObjectMetadata); ok {
		return &partial.ObjectMeta
	}
	return nil
}

// trim keeps of a record's metadata what recordOf reads: a thousand releases
// have ten thousand records.
func trim(obj any) (any, error) {
	if meta := metaOf(obj); meta != nil {
		*meta = *trimmed(meta)
	}
	return obj, nil
}

func trimmed(meta *metav1.ObjectMeta) *metav1.ObjectMeta {
	ours := map[string]string{}
	for name, value := range meta.Annotations {
		if strings.HasPrefix(name, annotationPrefix) {
			ours[name] = value
		}
	}
	if len(ours) == 0 {
		ours = nil
	}
	return &metav1.ObjectMeta{
		Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID, ResourceVersion: meta.ResourceVersion,
		CreationTimestamp: meta.CreationTimestamp, Labels: meta.Labels, Annotations: ours,
	}
}
