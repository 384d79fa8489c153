// Package arch holds the project's import rules and checks that they are kept.
//
// A room is a folder with everything below it. rooms.go lists every room and
// the rooms it uses; guards.go lists the libraries that only some rooms may
// use. Both are data: a change of architecture is a change of a line there,
// and the check itself (check.go) knows no room by name.
//
// Nothing here is imported by the product.
package arch
