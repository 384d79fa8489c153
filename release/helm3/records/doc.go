// Package records keeps Helm's release records: one Secret for each revision, in
// Helm's own format, naming and labels, so that stock Helm reads ours and we
// read its.
//
//   - A Store is shared by the process. It watches the metadata of all records
//     and answers List without a request, with everything that this process
//     wrote, although the watch lags.
//   - A Session is the storage driver of one operation. It begins with one live
//     LIST of metadata, fetches a body only when it is needed, and writes with
//     the resourceVersion it read as the precondition.
//   - What we know beyond Helm (operation, outcome, digest, cause) is kept in
//     annotations: stock Helm copies labels to other records, never annotations,
//     and drops them when it writes a record. A record without the operation's
//     annotation was written last by somebody else.
//
// A record is never dropped because its body cannot be decoded, no body is ever
// held by the watch, a stub made from labels is never written back, and nothing
// of a record is logged.
package records
