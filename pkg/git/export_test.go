package git

import (
	"crypto/sha256"
	"encoding/hex"
)

// Plain and Explain let tests reach what has no other way in.
var (
	Plain   = plain
	Explain = (*Mirror).explain
)

// DirName returns the name of the directory of an anonymous mirror.
func DirName(url string) string {
	sum := sha256.Sum256([]byte(url + "\nanonymous"))
	return hex.EncodeToString(sum[:])
}
