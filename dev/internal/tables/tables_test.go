package tables_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
	"guardduty-sentinel/dev/internal/tables"
)

// each runs a test on this service and on Azurite: what holds for the one has
// to hold for the other.
func each(t *testing.T, test func(t *testing.T, service *aztables.ServiceClient)) {
	t.Helper()
	for name, start := range map[string]func(t *testing.T) string{
		"memory": func(t *testing.T) string {
			server := httptest.NewServer(tables.New())
			t.Cleanup(server.Close)
			return tables.Connection(server.Listener.Addr().String())
		},
		"Azurite": func(t *testing.T) string {
			return serverstest.Azurite(t, servers.AzuriteOptions{}).ConnectionString
		},
	} {
		t.Run(name, func(t *testing.T) {
			service, err := aztables.NewServiceClientFromConnectionString(start(t), &aztables.ClientOptions{
				ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, service)
		})
	}
}

// made returns the client of a new table.
func made(t *testing.T, service *aztables.ServiceClient) *aztables.Client {
	t.Helper()
	if _, err := service.CreateTable(t.Context(), "State", nil); err != nil {
		t.Fatal(err)
	}
	return service.NewClient("State")
}

// code is the code of a refusal, "ok" for none.
func code(err error) string {
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return response.ErrorCode
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

// entity returns the JSON of one with a text.
func entity(row, text string) []byte {
	return fmt.Appendf(nil, `{"PartitionKey":"p:","RowKey":%q,"Text":%q}`, row, text)
}

// members reads an entity as it is now, and its ETag.
func members(t *testing.T, client *aztables.Client, row string) (map[string]any, azcore.ETag) {
	t.Helper()
	got, err := client.GetEntity(t.Context(), "p:", row, nil)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(got.Value, &m); err != nil {
		t.Fatal(err)
	}
	return m, got.ETag
}

func TestTableThatIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := service.NewClient("State")
		_, err := client.GetEntity(t.Context(), "p:", "r", nil)
		wantCode(t, "GetEntity", err, "TableNotFound")
		_, err = client.AddEntity(t.Context(), entity("r", ""), nil)
		wantCode(t, "AddEntity", err, "TableNotFound")
		_, err = client.NewListEntitiesPager(nil).NextPage(t.Context())
		wantCode(t, "NextPage", err, "TableNotFound")
		made(t, service)
		_, err = service.CreateTable(t.Context(), "State", nil)
		wantCode(t, "CreateTable again", err, "TableAlreadyExists")
		_, err = client.GetEntity(t.Context(), "p:", "r", nil)
		wantCode(t, "GetEntity", err, "ResourceNotFound")
	})
}

func TestWritesAreConditional(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := made(t, service)
		row := "it's|%2F ü"
		added, err := client.AddEntity(t.Context(), entity(row, "a"), nil)
		wantCode(t, "AddEntity", err, "ok")
		_, err = client.AddEntity(t.Context(), entity(row, "b"), nil)
		wantCode(t, "AddEntity again", err, "EntityAlreadyExists")
		got, etag := members(t, client, row)
		if got["Text"] != "a" || got["RowKey"] != row || etag != added.ETag {
			t.Errorf("GetEntity = %v at %s, want the text a at %s", got, etag, added.ETag)
		}
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(got["Timestamp"])); err != nil || time.Since(at) > time.Hour {
			t.Errorf("Timestamp = %v, want the time of now", got["Timestamp"])
		}
		update := func(row, text string, match azcore.ETag) (azcore.ETag, error) {
			out, err := client.UpdateEntity(t.Context(), entity(row, text),
				&aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeReplace})
			return out.ETag, err
		}
		newer, err := update(row, "c", etag)
		wantCode(t, "UpdateEntity", err, "ok")
		if newer == etag {
			t.Errorf("the ETag after UpdateEntity = %s as before, want another", newer)
		}
		_, err = update(row, "d", etag)
		wantCode(t, "UpdateEntity of an older version", err, "UpdateConditionNotSatisfied")
		_, err = update("none", "d", etag)
		wantCode(t, "UpdateEntity of none", err, "ResourceNotFound")
		_, err = client.DeleteEntity(t.Context(), "p:", row, &aztables.DeleteEntityOptions{IfMatch: &etag})
		wantCode(t, "DeleteEntity of an older version", err, "UpdateConditionNotSatisfied")
		if got, _ := members(t, client, row); got["Text"] != "c" {
			t.Errorf("GetEntity = %v, want the text c", got)
		}
		_, err = client.DeleteEntity(t.Context(), "p:", row, &aztables.DeleteEntityOptions{IfMatch: &newer})
		wantCode(t, "DeleteEntity", err, "ok")
		_, err = client.DeleteEntity(t.Context(), "p:", row, nil)
		wantCode(t, "DeleteEntity again", err, "ResourceNotFound")
	})
}

func TestReplaceAndMerge(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := made(t, service)
		for _, step := range []struct {
			mode aztables.UpdateMode
			text string
			want string
		}{
			{aztables.UpdateModeReplace, `{"PartitionKey":"p:","RowKey":"r","A":1,"B":"2"}`, "A=1 B=2 C=<nil>"},
			{aztables.UpdateModeMerge, `{"PartitionKey":"p:","RowKey":"r","B":"3","C":true}`, "A=1 B=3 C=true"},
			{aztables.UpdateModeReplace, `{"PartitionKey":"p:","RowKey":"r","C":false}`, "A=<nil> B=<nil> C=false"},
		} {
			options := &aztables.UpsertEntityOptions{UpdateMode: step.mode}
			if _, err := client.UpsertEntity(t.Context(), []byte(step.text), options); err != nil {
				t.Fatal(err)
			}
			m, _ := members(t, client, "r")
			if got := fmt.Sprintf("A=%v B=%v C=%v", m["A"], m["B"], m["C"]); got != step.want {
				t.Errorf("after %s %s: %s, want %s", step.mode, step.text, got, step.want)
			}
		}
	})
}

// keysOf lists with a filter and returns the row keys and the number of pages.
func keysOf(t *testing.T, client *aztables.Client, filter string, only *string) (keys []string, pages int) {
	t.Helper()
	pager := client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Select: only})
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, data := range page.Entities {
			var row struct {
				RowKey string
				Text   *string
			}
			if err := json.Unmarshal(data, &row); err != nil {
				t.Fatal(err)
			}
			if (row.Text == nil) != (only != nil) {
				t.Errorf("the row %s of a listing is %s, want what was selected", row.RowKey, data)
			}
			keys = append(keys, row.RowKey)
		}
	}
	return keys, pages
}

func upserts(rows ...string) (list []aztables.TransactionAction) {
	for _, row := range rows {
		list = append(list,
			aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertReplace, Entity: entity(row, "t")})
	}
	return list
}

func TestListByKeys(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := made(t, service)
		var rows []string
		for i := range 1100 {
			rows = append(rows, fmt.Sprintf("done|%04d", i))
		}
		for chunk := range slices.Chunk(append(rows, "lease", "pending|1", "watermark"), 100) {
			if _, err := client.SubmitTransaction(t.Context(), upserts(chunk...), nil); err != nil {
				t.Fatal(err)
			}
		}
		other := []byte(`{"PartitionKey":"q","RowKey":"done|0001","Text":"t"}`)
		if _, err := client.AddEntity(t.Context(), other, nil); err != nil {
			t.Fatal(err)
		}
		only := "RowKey"
		for _, c := range []struct {
			filter string
			only   *string
			want   []string
			pages  int
		}{
			{
				"PartitionKey eq 'p:' and RowKey ge 'done|' and RowKey lt 'pending}'",
				nil,
				append(slices.Clone(rows), "lease", "pending|1"),
				2,
			},
			{"PartitionKey eq 'p:' and RowKey ge 'done|' and RowKey lt 'done|0002'", &only, rows[:2], 1},
			{"RowKey eq 'watermark'", nil, []string{"watermark"}, 1},
			{"PartitionKey eq 'it''s'", nil, nil, 1},
			{"PartitionKey gt 'p:' and RowKey le 'done|0001'", nil, rows[1:2], 1},
		} {
			got, pages := keysOf(t, client, c.filter, c.only)
			if !slices.Equal(got, c.want) || pages != c.pages {
				t.Errorf("%s: %d rows in %d pages, want %d in %d", c.filter, len(got), pages, len(c.want), c.pages)
			}
		}
	})
}

// A property that an entity does not have compares with no text.
func TestListByText(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := made(t, service)
		for row, text := range map[string]string{
			"1": "it's/a #?\\é/x", "2": "it's/a #?\\é/y", "3": "it's/a #?\\é0", "4": "it's/a", "5": "",
		} {
			if _, err := client.AddEntity(t.Context(), entity(row, text), nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.AddEntity(t.Context(), []byte(`{"PartitionKey":"p:","RowKey":"6"}`), nil); err != nil {
			t.Fatal(err)
		}
		only := "RowKey"
		for filter, want := range map[string][]string{
			`PartitionKey eq 'p:' and Text ge 'it''s/a #?\é/' and Text lt 'it''s/a #?\é0'`: {"1", "2"},
			`RowKey gt '1' and Text ge 'it''s/a #?\é/' and RowKey le '3'`:                  {"2", "3"},
			"Text eq 'it''s/a'": {"4"},
			"Text ge ''":        {"1", "2", "3", "4", "5"},
			"Nothing lt 'z'":    nil,
		} {
			if got, _ := keysOf(t, client, filter, &only); !slices.Equal(got, want) {
				t.Errorf("%s: rows %q, want %q", filter, got, want)
			}
		}
	})
}

func TestTransactionIsWhole(t *testing.T) {
	each(t, func(t *testing.T, service *aztables.ServiceClient) {
		client := made(t, service)
		if _, err := client.SubmitTransaction(t.Context(), upserts("a", "b", "c|2"), nil); err != nil {
			t.Fatal(err)
		}
		remove := func(row string) aztables.TransactionAction {
			return aztables.TransactionAction{ActionType: aztables.TransactionTypeDelete, Entity: entity(row, "")}
		}
		for name, actions := range map[string][]aztables.TransactionAction{
			"ResourceNotFound":    append(upserts("c"), remove("a"), remove("none")),
			"InvalidDuplicateRow": append(upserts("d", "a"), remove("a")),
		} {
			_, err := client.SubmitTransaction(t.Context(), actions, nil)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("SubmitTransaction = %v, want %s", err, name)
			}
		}
		if got, _ := keysOf(t, client, "PartitionKey eq 'p:'", nil); !slices.Equal(got, []string{"a", "b", "c|2"}) {
			t.Errorf("the rows after transactions that failed = %q, want those before", got)
		}
		last := append(upserts("c"), remove("a"), remove("c|2"))
		if _, err := client.SubmitTransaction(t.Context(), last, nil); err != nil {
			t.Fatal(err)
		}
		if got, _ := keysOf(t, client, "PartitionKey eq 'p:'", nil); !slices.Equal(got, []string{"b", "c"}) {
			t.Errorf("the rows = %q, want b and c", got)
		}
	})
}
