package state_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/state"
)

// inside is a fault that stands in the answer to a transaction, as the service
// answers what it is too busy for. The answer itself is good.
func inside(status int, code string, times int) localtest.Fault {
	text := fmt.Sprintf(`{"odata.error":{"code":%q,"message":{"lang":"en-US","value":"0:no"}}}`, code)
	return localtest.Fault{
		Path: "/devstoreaccount1/$batch", Times: times, Status: http.StatusAccepted,
		Header: map[string]string{"Content-Type": "multipart/mixed; boundary=batchresponse"},
		Body: fmt.Sprintf("--batchresponse\r\nContent-Type: multipart/mixed; boundary=changesetresponse\r\n\r\n"+
			"--changesetresponse\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"+
			"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s\r\n"+
			"--changesetresponse--\r\n--batchresponse--\r\n", status, http.StatusText(status), len(text), text),
	}
}

// breaks has the next transactions of the local cloud's own tables fail.
func breaks(t *testing.T, status int, code string, times int) {
	t.Helper()
	embedded.Cloud(t).Break(t, "tables", inside(status, code, times))
}

// waits makes a call in virtual time, and returns how long it took. The table of
// cfg is there.
func waits(t *testing.T, cfg state.Config, call func(t *testing.T, s *state.Store)) (took time.Duration) {
	t.Helper()
	localtest.VirtualTime(t, func(t *testing.T) {
		cfg.Options = embedded.Cloud(t).Options(t)
		cfg.Options.Transport.(*http.Client).Transport.(*http.Transport).DisableKeepAlives = true
		start := time.Now()
		call(t, newStore(t, cfg))
		took = time.Since(start)
	})
	return took
}

// fallible is a store of the local cloud's own tables.
func fallible(t *testing.T) (state.Config, *state.Store) {
	t.Helper()
	cfg := configOf(t, embedded)
	s := newStore(t, cfg)
	load(t, s)
	return cfg, s
}

// The client makes only those transactions again whose outer answer says that
// the service was too busy.
func TestBusyTransactionIsMadeAgain(t *testing.T) {
	for status, code := range map[int]string{
		http.StatusServiceUnavailable: "ServerBusy", http.StatusInternalServerError: "OperationTimedOut",
		http.StatusTooManyRequests: "TooManyRequests", http.StatusRequestTimeout: "OperationTimedOut",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			cfg, s := fallible(t)
			breaks(t, status, code, 4)
			took := waits(t, cfg, func(t *testing.T, s *state.Store) {
				record(t, s, append(done(0, 10), pendingEntry(10))...)
			})
			if took != 15*time.Second {
				t.Errorf("Record took %v, want 1, 2, 4 and 8 seconds", took)
			}
			wantDone(t, load(t, s), 0, 10)
			wantPending(t, load(t, s), waiting(10))
			breaks(t, status, code, 2)
			took = waits(t, cfg, func(t *testing.T, s *state.Store) {
				if err := s.Prune(t.Context(), object(5).LastModified, nil); err != nil {
					t.Errorf("Prune = %v", err)
				}
			})
			if took != 3*time.Second {
				t.Errorf("Prune took %v, want 1 and 2 seconds", took)
			}
			wantDone(t, load(t, s), 5, 10)
		})
	}
}

func TestTransactionThatStaysBusyFails(t *testing.T) {
	cfg, s := fallible(t)
	record(t, s, done(0, 3)...)
	for name, call := range map[string]func(context.Context, *state.Store) error{
		"Record": func(ctx context.Context, s *state.Store) error { return s.Record(ctx, done(3, 6)) },
		"Prune": func(ctx context.Context, s *state.Store) error {
			return s.Prune(ctx, object(5).LastModified, nil)
		},
	} {
		breaks(t, http.StatusServiceUnavailable, "ServerBusy", 5)
		took := waits(t, cfg, func(t *testing.T, s *state.Store) {
			wantFault(t, call(t.Context(), s), fault.StateUnreachable, "ServerBusy (HTTP 503)")
		})
		if took != 15*time.Second {
			t.Errorf("%s took %v, want 15 seconds", name, took)
		}
	}
	wantDone(t, load(t, s), 0, 3)
}

// What the service refuses for what it is, it refuses again.
func TestRefusedTransactionIsNotMadeAgain(t *testing.T) {
	for status, code := range map[int]string{
		http.StatusBadRequest: "InvalidInput", http.StatusForbidden: "AuthorizationFailure",
		http.StatusConflict: "EntityAlreadyExists", http.StatusRequestEntityTooLarge: "RequestBodyTooLarge",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			cfg, s := fallible(t)
			breaks(t, status, code, 1)
			if took := waits(t, cfg, func(t *testing.T, s *state.Store) {
				if err := s.Record(t.Context(), done(0, 3)); err == nil {
					t.Error("Record = nil, want the refusal")
				}
			}); took != 0 {
				t.Errorf("Record took %v, want no wait", took)
			}
			wantDone(t, load(t, s), 0, 0)
		})
	}
}

// The end of the run's time ends the wait, with what the service said.
func TestEndOfTimeEndsTheWait(t *testing.T) {
	cfg, _ := fallible(t)
	breaks(t, http.StatusServiceUnavailable, "ServerBusy", -1)
	if took := waits(t, cfg, func(t *testing.T, s *state.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wantFault(t, s.Record(ctx, done(0, 3)), fault.StateUnreachable, "ServerBusy (HTTP 503)")
	}); took != 5*time.Second {
		t.Errorf("Record took %v, want 5 seconds", took)
	}
	if took := waits(t, cfg, func(t *testing.T, s *state.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		if err := s.Record(ctx, done(0, 3)); !errors.Is(err, context.Canceled) {
			t.Errorf("Record = %v, want %v", err, context.Canceled)
		}
	}); took != 2*time.Second {
		t.Errorf("Record took %v, want 2 seconds", took)
	}
}
