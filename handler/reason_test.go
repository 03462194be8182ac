package main

import (
	"errors"
	"testing"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// The code of a run with held folders is that of the folder it tried, or else that
// in the row of the one that is held the longest.
func TestCodeOfHeldFolders(t *testing.T) {
	refused := &fault.Fault{Code: fault.ListRefused, What: "no permission to list", Err: errors.New("AccessDenied")}
	for name, tt := range map[string]struct {
		held ingest.FoldersHeldError
		want fault.Code
	}{
		"refused": {ingest.FoldersHeldError{Err: refused, Held: []ingest.Held{{}}}, fault.ListRefused},
		"refused before": {
			ingest.FoldersHeldError{Held: []ingest.Held{{Error: refused.Error()}}}, fault.ListRefused,
		},
		"slow to list": {
			ingest.FoldersHeldError{Err: ingest.ErrListingSlow, Held: []ingest.Held{{}}}, fault.ListingSlow,
		},
		"slow to list before": {
			ingest.FoldersHeldError{Held: []ingest.Held{{Error: ingest.ErrListingSlow.Error()}}}, fault.ListingSlow,
		},
		"something else": {ingest.FoldersHeldError{Held: []ingest.Held{{Error: "boom"}}}, fault.Other},
	} {
		err := reasonOf(&tt.held)
		if got := fault.Of(err); got.Code != tt.want {
			t.Errorf("%s: code = %s, want %s", name, got.Code, tt.want)
		}
	}
}
