package tables

import (
	"encoding/json"
	"net/http"
)

// fault is a refusal, in the service's own codes.
type fault struct {
	status        int
	code, message string
}

var (
	errNoTable   = &fault{http.StatusNotFound, "TableNotFound", "The table specified does not exist."}
	errNoEntity  = &fault{http.StatusNotFound, "ResourceNotFound", "The specified resource does not exist."}
	errThere     = &fault{http.StatusConflict, "EntityAlreadyExists", "The specified entity already exists."}
	errCondition = &fault{
		http.StatusPreconditionFailed,
		"UpdateConditionNotSatisfied",
		"The update condition specified in the request was not satisfied.",
	}
)

// unknown refuses what this service does not have.
func unknown(what string) *fault {
	return &fault{http.StatusNotImplemented, "NotImplemented", "this table service does not have " + what}
}

func invalid(message string) *fault {
	return &fault{http.StatusBadRequest, "InvalidInput", message}
}

// text is the fault as the service writes it.
func (f *fault) text() []byte {
	text, err := json.Marshal(map[string]any{
		"odata.error": map[string]any{
			"code":    f.code,
			"message": map[string]string{"lang": "en-US", "value": f.message},
		},
	})
	if err != nil {
		panic(err) // texts always encode
	}
	return text
}

func (f *fault) reply(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json;odata=minimalmetadata;charset=utf-8")
	w.WriteHeader(f.status)
	_, _ = w.Write(f.text()) // an error says that the client has gone
}
