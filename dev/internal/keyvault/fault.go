package keyvault

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// fault is a refusal in Key Vault's form.
type fault struct {
	status int
	body   struct {
		Error faultText `json:"error"`
	}
}

type faultText struct {
	Code    string     `json:"code"`
	Message string     `json:"message,omitempty"`
	Inner   *faultText `json:"innererror,omitempty"`
}

// refuse returns a refusal; inner is empty where there is no inner code.
func refuse(status int, code, inner, msg string) *fault {
	f := &fault{status: status}
	f.body.Error = faultText{Code: code, Message: msg}
	if inner != "" {
		f.body.Error.Inner = &faultText{Code: inner}
	}
	return f
}

func (f *fault) reply(w http.ResponseWriter) { reply(w, f.status, f.body) }

// hexID returns 32 random hexadecimal digits, the form of a version's id.
func hexID() string {
	b := make([]byte, 16)
	rand.Read(b) // never returns an error
	return hex.EncodeToString(b)
}
