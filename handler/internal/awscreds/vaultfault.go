package awscreds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/outbound"
)

// silence marks the cause of a fault that says nothing about the secret: the
// vault was not reached, or could not serve the request then.
type silence struct{ error }

func (s silence) Unwrap() error { return s.error }

// outOfReach reports whether err leaves open what is in the vault, also because
// there was no token to ask it with.
func outOfReach(err error) bool {
	_, silent := errors.AsType[silence](err)
	return silent || fault.Of(err).Code == fault.TokenUnreachable
}

// vaultFault names the secret, and how to fix it.
func (k *KeyPair) vaultFault(name string, err error) error {
	url := k.vault + "/secrets/" + name
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		what := "cannot reach " + url
		return &fault.Fault{Code: fault.VaultUnreachable, What: what, Err: silence{outbound.Reason(err, what)}}
	}
	status := response.StatusCode
	f := &fault.Fault{Err: fmt.Errorf("%s (HTTP %d)", cmp.Or(response.ErrorCode, http.StatusText(status)), status)}
	refused := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case refused && strings.Contains(err.Error(), "SecretDisabled"):
		f.Code, f.What = fault.SecretMissing, "the secret "+url+" is disabled"
		f.Fix = "enable it or store a new version"
	case refused:
		f.Code, f.What = fault.VaultRefused, "Key Vault refused the identity on "+url
	case status == http.StatusNotFound:
		f.Code, f.What = fault.SecretMissing, "there is no secret "+url
	default:
		f.Code, f.What = fault.VaultUnreachable, "cannot read "+url
		f.Fix = "a later run tries again" // it was reached: neither the address nor the network is wrong
		if outbound.Again(status) {
			f.Err = silence{f.Err}
		}
	}
	return f
}
