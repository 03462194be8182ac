package tables_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/tables"
)

func TestCountsAndRefusals(t *testing.T) {
	service := tables.New()
	server := httptest.NewServer(service)
	defer server.Close()
	clients, err := aztables.NewServiceClientFromConnectionString(tables.Connection(server.Listener.Addr().String()),
		nil)
	if err != nil {
		t.Fatal(err)
	}
	client := made(t, clients)
	if _, err := client.SubmitTransaction(t.Context(), upserts("a", "b", "c"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteEntity(t.Context(), "p:", "a", nil); err != nil {
		t.Fatal(err)
	}
	if got, want := service.Counts(), (tables.Counts{Calls: 3, Transactions: 1, Written: 3, Deleted: 1}); got != want {
		t.Errorf("Counts() = %+v, want %+v", got, want)
	}
	want := tables.Counts{Calls: 2, Transactions: 1, Deleted: 1}
	if got := service.Counts().Since(tables.Counts{Calls: 1, Written: 3}); got != want {
		t.Errorf("Since = %+v, want %+v", got, want)
	}
	for _, path := range []string{"Tables", "State()?$filter=Text%20eq%205", "State()?$top=1"} {
		res, err := http.Get(server.URL + "/" + servers.Account + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotImplemented {
			t.Errorf("GET %s = %d, want %d", path, res.StatusCode, http.StatusNotImplemented)
		}
	}
}
