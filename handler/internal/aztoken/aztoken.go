// Package aztoken gives Azure tokens by azidentity's DefaultAzureCredential,
// with failures that name how to fix them.
package aztoken

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/outbound"
)

// Credential is an azcore.TokenCredential whose errors are faults.
type Credential struct {
	inner azcore.TokenCredential
}

// Default returns the credential that azidentity chooses from the environment:
// AZURE_TOKEN_CREDENTIALS narrows the choice, AZURE_CLIENT_ID names a
// user-assigned identity. It makes no call.
func Default(options azcore.ClientOptions) (*Credential, error) {
	choice := &azidentity.DefaultAzureCredentialOptions{ClientOptions: options}
	inner, err := azidentity.NewDefaultAzureCredential(choice)
	if err != nil {
		return nil, &fault.Fault{
			Code: fault.Token,
			What: "cannot choose an Azure credential",
			Err:  fault.Line(err),
			Fix:  "check AZURE_TOKEN_CREDENTIALS and AZURE_CLIENT_ID",
		}
	}
	return &Credential{inner}, nil
}

// ManagedIdentity returns the credential of the user-assigned identity with
// the given client id. It makes no call.
func ManagedIdentity(clientID string, options azcore.ClientOptions) (*Credential, error) {
	choice := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options, ID: azidentity.ClientID(clientID)}
	inner, err := azidentity.NewManagedIdentityCredential(choice)
	if err != nil {
		return nil, &fault.Fault{Code: fault.Token, What: "cannot use the identity " + clientID, Err: fault.Line(err)}
	}
	return &Credential{inner}, nil
}

// GetToken returns a token. Its error wraps a fault, and tells azcore not to
// try again at once: the credential has tried already.
func (c *Credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	noted, attempts := outbound.Watch(ctx)
	token, err := c.inner.GetToken(noted, options)
	if err == nil {
		return token, nil
	}
	if errors.Is(ctx.Err(), context.Canceled) { // azidentity's own error does not wrap it
		return token, ctx.Err()
	}
	f := &fault.Fault{
		Code: fault.Token,
		What: fmt.Sprintf("no Azure token for %s", strings.Join(options.Scopes, " ")),
		Err:  fault.Line(err),
	}
	if why := unanswered(ctx, attempts); why != nil {
		f.Code, f.Err = fault.TokenUnreachable, why
	}
	outbound.Blame(ctx, f)
	return token, final{f}
}

// imds is the address of a virtual machine's metadata service, which the
// credential asks on every machine to find out whether it is one.
const imds = "169.254.169.254"

// unanswered is why the last request for a token was not answered, or nil: then
// it was refused, or there is nothing to ask. azidentity's error is a text only.
func unanswered(ctx context.Context, attempts *outbound.Call) error {
	host, cause := attempts.Last()
	switch {
	case host == "" || host == imds:
		return nil
	case cause != nil:
		return outbound.Reason(&outbound.Error{Host: host, Err: cause, Cause: cause}, "")
	case ctx.Err() != nil:
		return outbound.Reason(&outbound.Error{Host: host, Err: ctx.Err()}, "")
	default:
		return nil
	}
}

// final marks an error for azcore as not to be tried again.
type final struct{ err error }

func (f final) Error() string { return f.err.Error() }
func (f final) Unwrap() error { return f.err }

// NonRetriable is how azcore recognizes such an error.
func (f final) NonRetriable() {}
