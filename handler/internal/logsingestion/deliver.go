package logsingestion

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/outbound"
)

// Deliver sends the batch. A batch that is too large for the service is split,
// and one that it refuses is bisected down to the rows it refuses, so that one
// bad row holds nothing back.
func (t *Table) Deliver(ctx context.Context, b ingest.Batch) ([]ingest.Refusal, error) {
	return t.deliver(ctx, b, 0, b.Len())
}

// deliver sends rows i to j-1.
func (t *Table) deliver(ctx context.Context, b ingest.Batch, i, j int) ([]ingest.Refusal, error) {
	err := t.upload(ctx, b.Slice(i, j))
	if err == nil {
		return nil, nil
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok || !aboutRows(response) {
		return nil, t.fault(err)
	}
	if j-i == 1 {
		return []ingest.Refusal{{Row: i, Reason: "refused by the service: " + reason(response).Error()}}, nil
	}
	half := i + (j-i)/2
	first, err := t.deliver(ctx, b, i, half)
	if err != nil {
		return nil, err
	}
	second, err := t.deliver(ctx, b, half, j)
	if err != nil {
		return nil, err
	}
	return slices.Concat(first, second), nil
}

// aboutRows reports whether other rows might have been accepted: 413 always,
// 400 unless its code names the rule or the stream.
func aboutRows(r *azcore.ResponseError) bool {
	switch r.StatusCode {
	case http.StatusRequestEntityTooLarge:
		return true
	case http.StatusBadRequest:
		return !aboutRule(r)
	}
	return false
}

// aboutRule reports whether a 400 says that the rule has no such stream.
func aboutRule(r *azcore.ResponseError) bool {
	code := strings.ToLower(r.ErrorCode)
	return strings.Contains(code, "stream") || strings.Contains(code, "rule") || strings.Contains(code, "dcr")
}

// fault turns an error of the client into the fault of the run.
func (t *Table) fault(err error) error {
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		what := "cannot reach " + t.cfg.Endpoint
		return &fault.Fault{Code: fault.IngestionUnreachable, What: what, Err: outbound.Reason(err, what)}
	}
	f := &fault.Fault{Err: reason(response)}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		f.Code, f.What = fault.IngestionRefused, "no permission to send to "+t.where()
	case http.StatusNotFound, http.StatusBadRequest:
		f.Code, f.What = fault.RuleMissing, "there is no "+t.where()
	case http.StatusTooManyRequests:
		f.Code, f.What = fault.IngestionThrottled, t.where()+" is throttled"
	default:
		f.Code, f.What = fault.IngestionUnreachable, "cannot send to "+t.where()
		f.Fix = "a later run tries again" // it was reached: neither the address nor the network is wrong
	}
	return f
}

func (t *Table) where() string {
	return fmt.Sprintf("stream %s of rule %s at %s", t.cfg.Stream, t.cfg.RuleID, t.cfg.Endpoint)
}

// reason is what the service said, by its code and status. Its message is left
// out: it may quote a row.
func reason(r *azcore.ResponseError) error {
	code := r.ErrorCode
	if code == "" {
		code = http.StatusText(r.StatusCode)
	}
	return fmt.Errorf("%s (HTTP %d)", code, r.StatusCode)
}
