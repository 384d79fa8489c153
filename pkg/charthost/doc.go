// Package charthost makes a Helm repository of a folder of packaged charts.
//
// WriteIndex writes index.yaml beside the charts, for any web server. A Handler
// serves the folder itself, with an index.yaml that follows it: every request
// for the index looks at the folder, and reads again only what changed there.
//
// A chart is a file of the folder, or of a folder in it, whose name ends in
// .tgz, as for `helm repo index`. One that does not load is left out of the
// index and reported, since it may be a copy under way; it never keeps the
// others from being served.
//
// Nothing here changes the folder, except that WriteIndex writes index.yaml.
package charthost
