package tables

import (
	"net/http"
	"strings"
)

// Audience is what tokens for Azure Storage are issued for.
const Audience = "https://storage.azure.com"

// WithTokens lets only requests through that bear a token for Azure Storage of
// which verify approves.
func WithTokens(next http.Handler, verify func(token, audience string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			(&fault{http.StatusUnauthorized, "NoAuthenticationInformation", "the request has no bearer token"}).reply(w)
			return
		}
		if err := verify(token, Audience); err != nil {
			(&fault{http.StatusUnauthorized, "InvalidAuthenticationInfo", err.Error()}).reply(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}
