package logsingestion_test

import (
	"testing"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/logsingestion"
)

// Whatever line the parser takes, its row is one that the service takes whole
// and that keeps the finding.
func FuzzRow(f *testing.F) {
	for i, line := range findings(f) {
		if i%10 == 0 {
			f.Add(line)
		}
	}
	for _, line := range []string{
		with(`"severity":5.30,"createdAt":"2026-08-01T01:02:03,5Z","updatedAt":"2026-08-01T01:02:03.5+02:00"`),
		with(`"severity":-1e999,"service":{"count":1E5,"archived":1,"detectorId":"\u0031"}`),
		with(`"resource":[[[]]],"service":{"action":null,"additionalInfo":{"sample":"true"}},"x":{"y":[1e400]}`),
		with(`"title":"\ud83d\ude00\u0000","\u0041":null,"":0`),
	} {
		f.Add([]byte(line))
	}
	e, kinds := logsingestion.NewEncoder(), types(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		p := guardduty.Parser{Paths: e.Paths()}
		finding, err := p.Parse(line)
		if err != nil {
			return
		}
		row, err := e.Row(nil, &finding, source)
		if err != nil {
			if len(line) < 500_000 {
				t.Errorf("Row of %d bytes = %v, want a row", len(line), err)
			}
			return
		}
		if err := fits(kinds, row); err != nil {
			t.Error(err)
		}
		if err := keeps(&finding, line, row, t); err != nil {
			t.Error(err)
		}
	})
}
