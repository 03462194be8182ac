package localtest

import (
	"testing"
	"testing/synctest"
	"time"
)

// VirtualTime runs f in virtual time that begins at the present, for clients
// that wait between attempts at a real server. They must keep no connection:
// one that waits for its next request would hold the time.
func VirtualTime(t *testing.T, f func(*testing.T)) {
	t.Helper()
	present := time.Now().Round(0)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(present))
		f(t)
	})
}
