package state

import (
	"cmp"
	"strings"
)

// form is how a storage connection opens the account.
type form int

const (
	byIdentity form = iota
	byKey
	bySignature // a shared access signature
)

// access is the storage connection as faults name it.
type access struct {
	setting string // the name of the connection
	form    form
}

func accessOf(cfg Config) access {
	a := access{setting: cmp.Or(cfg.Setting, "AzureWebJobsStorage")}
	switch text := cfg.ConnectionString.Reveal(); {
	case cfg.URL != "":
	case strings.Contains(text, "SharedAccessSignature="):
		a.form = bySignature
	default:
		a.form = byKey
	}
	return a
}

// The role that a table needs, and how a connection comes to use an identity.
const tableRole = "Storage Table Data Contributor"

func (a access) toIdentity() string {
	return "replace " + a.setting + " by " + a.setting + "__accountName (or " + a.setting +
		"__tableServiceUri) and give the app's identity the role " + tableRole + " on the account"
}

// fix says what to do when the account refused with code, which differs by the
// form of the connection. It is empty where only the catalogue knows. Codes:
// Microsoft, "Common REST API error codes" and "Table Storage error codes".
func (a access) fix(code string) string {
	switch code {
	case "KeyBasedAuthenticationNotPermitted":
		switch a.form {
		case byKey:
			return "the account takes no keys: " + a.toIdentity()
		case bySignature:
			return "the account takes no keys, nor signatures made with them: " + a.toIdentity()
		}
	case "AuthorizationFailure":
		fix := "let the app's network through the firewall of the storage account"
		if a.form == byKey { // an emulator answers so to a wrong key
			fix += "; if it has none, correct the key in " + a.setting
		}
		return fix
	case "AuthorizationPermissionMismatch", "InsufficientAccountPermissions":
		if a.form == byIdentity {
			return "give the identity the role " + tableRole + " on the storage account; " +
				"a new assignment takes some minutes"
		}
		return a.newSignature("lacks a permission")
	case "AuthorizationServiceMismatch", "AuthorizationResourceTypeMismatch", "AuthorizationProtocolMismatch":
		return a.newSignature("is not for tables over https")
	case "AuthorizationSourceIPMismatch":
		return a.newSignature("is for other addresses than the app's")
	case "AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation":
		switch a.form {
		case byKey:
			return "correct the key in " + a.setting + ": the account does not have it, or no longer"
		case bySignature:
			return a.newSignature("has expired, or the key that made it was rotated")
		default:
			return "use an identity of the tenant that the storage account is in: the account does not accept the token"
		}
	case "AccountIsDisabled":
		return "enable the storage account, or the subscription that it is in"
	}
	return ""
}

// newSignature says what a shared access signature has to allow.
func (a access) newSignature(wrong string) string {
	if a.form != bySignature {
		return ""
	}
	return "the SharedAccessSignature of " + a.setting + " " + wrong + ": make one for the table service, with the " +
		"resource types container and object and the permissions read, write, delete, list, add and update, or " +
		a.toIdentity()
}
