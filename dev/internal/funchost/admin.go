package funchost

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
)

// maxAdminBody bounds the body of an admin request.
const maxAdminBody = 1 << 20

// Admin returns the part of the host's admin API by which a run is asked for:
// POST /admin/functions/NAME with a JSON object starts a run and answers 202
// at once. The host in Azure asks for its master key, the one on a
// developer's machine none, like this one.
//
// The real host starts such a run beside one that is under way; this one waits
// for that to end.
func (h *Host) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/functions/{name}", h.callByHand)
	return mux
}

func (h *Host) callByHand(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if h.functions[name] == nil {
		http.Error(w, unknownFunctionError(name).Error(), http.StatusNotFound)
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		http.Error(w, "the Content-Type is not application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdminBody))
	var object map[string]json.RawMessage
	if err != nil || json.Unmarshal(body, &object) != nil || object == nil {
		http.Error(w, `the body is not a JSON object such as {"input":""}`, http.StatusBadRequest)
		return
	}
	began := h.begin(func() {
		// A run that fails is in the history, and a disabled function has said so.
		_, _ = h.Invoke(context.Background(), name, byHand)
	})
	if !began {
		http.Error(w, h.stopped().Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
