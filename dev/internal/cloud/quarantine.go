package cloud

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// StateTable is the handler's state table when no setting names another.
const StateTable = "GuardDutyState"

// Quarantined is one entry of the handler's quarantine.
type Quarantined struct {
	Object string `json:"ObjectKey"`
	Line   int    // 0 is the object as a whole
	Reason string
}

// Quarantine reads what the handler has quarantined, from its state table.
func (c *Cloud) Quarantine(ctx context.Context) ([]Quarantined, error) {
	service, err := aztables.NewServiceClientFromConnectionString(c.connection, &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: c.client()},
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	filter := "RowKey ge 'quarantine|' and RowKey lt 'quarantine}'"
	pager := service.NewClient(StateTable).NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	var list []Quarantined
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			if response, ok := errors.AsType[*azcore.ResponseError](err); ok && response.ErrorCode == "TableNotFound" {
				return nil, nil // no run got as far
			}
			return nil, fmt.Errorf("quarantine: %w", err)
		}
		for _, data := range page.Entities {
			var q Quarantined
			if err := json.Unmarshal(data, &q); err != nil {
				return nil, fmt.Errorf("quarantine: %w", err)
			}
			list = append(list, q)
		}
	}
	return list, nil
}

// client trusts the private authority and uses no proxy.
func (c *Cloud) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: c.ca.Pool()},
		DisableKeepAlives: true,
	}}
}
