package ingest_test

import (
	"bytes"
	"encoding/json"
	"io"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// policeLines checks that the lines which a pending row calls settled are: each
// of their findings was accepted, is on the list of those never taken, or is in
// quarantine.
func (c *cloud) policeLines(e ingest.Entry) {
	if e.Pending.Lines == 0 {
		return
	}
	body := bytes.NewReader(c.objects[e.Object.Key].body)
	_, _ = new(guardduty.Reader).ReadObject(body, func(n int, text []byte, err error) error {
		if n > e.Pending.Lines {
			return io.EOF
		}
		var f struct{ ID string }
		if err != nil || json.Unmarshal(text, &f) != nil || f.ID == "" {
			return nil
		}
		if c.accepted[f.ID] == 0 && !c.refuses[f.ID] {
			c.t.Errorf("%s is recorded as settled up to line %d, and finding %s of line %d was not accepted",
				e.Object.Key, e.Pending.Lines, f.ID, n)
		}
		return nil
	})
}
