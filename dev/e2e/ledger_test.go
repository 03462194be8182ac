package e2e_test

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// watermark reads the ledger's watermark; the zero time is none.
func (f *fixture) watermark() time.Time {
	f.Helper()
	filter := "RowKey eq 'watermark'"
	pager := f.state().NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	page, err := pager.NextPage(f.Context())
	if err != nil || len(page.Entities) == 0 {
		return time.Time{} // a table that is not there yet has none
	}
	var row struct{ Time time.Time }
	if err := json.Unmarshal(page.Entities[0], &row); err != nil {
		f.Fatal(err)
	}
	return row.Time
}

// quarantine returns what was quarantined, by the name of the object.
func (f *fixture) quarantine() map[string][]badLine {
	f.Helper()
	filter := "RowKey ge 'quarantine|' and RowKey lt 'quarantine}'"
	pager := f.state().NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	found := make(map[string][]badLine)
	for pager.More() {
		page, err := pager.NextPage(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		for _, data := range page.Entities {
			var row struct {
				ObjectKey, Reason string
				Line              int
			}
			if err := json.Unmarshal(data, &row); err != nil {
				f.Fatal(err)
			}
			name := strings.TrimSuffix(row.ObjectKey[strings.LastIndexByte(row.ObjectKey, '/')+1:], ".jsonl.gz")
			found[name] = append(found[name], badLine{row.Line, row.Reason})
		}
	}
	return found
}
