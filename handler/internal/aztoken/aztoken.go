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
	token, err := c.inner.GetToken(ctx, options)
	if err == nil {
		return token, nil
	}
	if errors.Is(ctx.Err(), context.Canceled) { // azidentity's own error does not wrap it
		return token, ctx.Err()
	}
	return token, final{&fault.Fault{
		Code: fault.Token,
		What: fmt.Sprintf("no Azure token for %s", strings.Join(options.Scopes, " ")),
		Err:  fault.Line(err),
	}}
}

// final marks an error for azcore as not to be tried again.
type final struct{ err error }

func (f final) Error() string { return f.err.Error() }
func (f final) Unwrap() error { return f.err }

// NonRetriable is how azcore recognizes such an error.
func (f final) NonRetriable() {}
