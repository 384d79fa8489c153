// Package process starts programs and makes sure that they end.
//
// A Nursery starts Processes and is the parent of all of them: when the program
// that owns it dies, however suddenly, so do they. A Process writes to a log
// file of its own, and when it ends unasked its error quotes the log's end.
//
// Nothing here knows what the programs are or in which order they belong.
package process
