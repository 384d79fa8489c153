// Package cli is the command line: what people type to look at releases and to
// host charts. The same binary is a plugin of kubectl when it is called
// kubectl-fairlead.
//
//   - A verb is one command and one file: get.go, history.go, version.go,
//     repo_index.go, repo_serve.go.
//   - Asking and printing are apart: a reader asks the API server (reader.go), a
//     print function writes what it is given (…_print.go) and asks nobody.
//   - An error is a sentence for the person at the terminal; errors.go has
//     those that many verbs share.
//
// Nothing here changes a release, and nothing here does discovery: the one kind
// that is asked for is known, and a command should answer at once.
package cli
