package funchost_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

const jsonType = "application/json"

func TestAcceptedAnswers(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for name, a := range map[string]answer{
		"200": good("line"),
		"201": {Status: 201, Type: jsonType, Body: `{"Logs":["line"]}`},
		"charset": {
			Status: 200,
			Type:   "application/json; charset=utf-8",
			Body:   `{"Outputs":{},"Logs":["line"],"ReturnValue":null}`,
		},
		"byte order mark":      {Status: 200, Type: jsonType, Body: "\ufeff" + `{"Logs":["line"]}`},
		"names in any case":    {Status: 200, Type: jsonType, Body: `{"outputs":{},"logs":["line"],"RETURNVALUE":"x"}`},
		"text/json":            {Status: 200, Type: "text/json", Body: `{"Logs":["line"]}`},
		"text after the value": {Status: 200, Type: jsonType, Body: `{"Logs":["line"]} and more`},
	} {
		t.Run(name, func(t *testing.T) {
			inv := f.invoke(h, a)
			if !inv.Succeeded || !slices.Equal(inv.Logs, []string{"line"}) || inv.StatusCode != a.Status ||
				inv.Reason != http.StatusText(a.Status) {
				t.Errorf("Invoke() = %+v, want success with the one line and status %d", inv, a.Status)
			}
		})
	}
	for _, body := range []string{"{}", `{"Logs":null}`, `{"Logs":[]}`} {
		t.Run(body, func(t *testing.T) {
			if inv := f.invoke(h, answer{Status: 200, Type: jsonType, Body: body}); !inv.Succeeded ||
				len(inv.Logs) != 0 ||
				inv.Exception != "" {
				t.Errorf("Invoke() = %+v, want success without lines", inv)
			}
		})
	}
}

func TestLogsAreKeptWhole(t *testing.T) {
	many := make([]string, 2000)
	for i := range many {
		many[i] = "entry " + strconv.Itoa(i)
	}
	f := newFixture(t)
	h := f.start()
	for name, logs := range map[string][]string{
		"2,000 entries":     many,
		"40,000 characters": {strings.Repeat("x", 40_000)},
		"non-ASCII":         {"Ünïcode ✓ line"},
		"newline inside":    {"first\nsecond", "third"},
		"empty entry":       {""},
		"braces":            {"{0} {name}"},
	} {
		t.Run(name, func(t *testing.T) {
			inv := f.invoke(h, good(logs...))
			if !inv.Succeeded || !slices.Equal(inv.Logs, logs) {
				t.Fatalf("Invoke() = %t with %d lines, want success with %d", inv.Succeeded, len(inv.Logs), len(logs))
			}
			var recorded []string
			for _, r := range messages(h, funchost.UserCategory(fn), "") {
				if r.InvocationID == inv.ID && r.Level == funchost.Information {
					recorded = append(recorded, r.Message)
				}
			}
			if !slices.Equal(recorded, logs) {
				t.Errorf("records of the run = %.80q, want %.80q", recorded, logs)
			}
		})
	}
}

func TestLogsThatAreNoText(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for entry, want := range map[string]string{"42": "42", "1.50": "1.50", "true": "true", "null": "[null]"} {
		t.Run(entry, func(t *testing.T) {
			inv := f.invoke(h, answer{Status: 200, Type: jsonType, Body: `{"Logs":["before",` + entry + `]}`})
			if !inv.Succeeded || !slices.Equal(inv.Logs, []string{"before", want}) {
				t.Errorf("Invoke() = %+v, want success with before and %s", inv, want)
			}
		})
	}
	for _, entry := range []string{`{"a":1}`, `["a"]`} {
		t.Run(entry, func(t *testing.T) {
			inv := f.invoke(h, answer{Status: 200, Type: jsonType, Body: `{"Logs":["before",` + entry + `]}`})
			if inv.Succeeded || len(inv.Logs) != 0 || !strings.Contains(inv.Exception, entry) {
				t.Errorf("Invoke() = %+v, want failure without lines that quotes %s", inv, entry)
			}
		})
	}
}

func TestFailureStatus(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for status, reason := range map[int]string{
		500: "Internal Server Error",
		503: "Service Unavailable",
		404: "Not Found",
		302: "Found",
	} {
		t.Run(reason, func(t *testing.T) {
			a := good("dropped")
			a.Status = status
			inv := f.invoke(h, a)
			want := "FunctionInvocationException: Exception while executing function: Functions.GuardDutyTimer\n" +
				" ---> System.Net.Http.HttpRequestException: Response status code does not indicate success: " +
				strconv.Itoa(status) + " (" + reason + ")."
			if inv.Succeeded || !strings.HasSuffix(inv.Exception, want) || inv.Reason != reason ||
				inv.StatusCode != status {
				t.Errorf("Invoke() = %+v, want failure ending %q", inv, want)
			}
			for _, category := range []string{"Function.GuardDutyTimer", "Host.Results"} {
				if got := messages(h, category, want); len(got) == 0 || got[len(got)-1].InvocationID != inv.ID ||
					got[len(got)-1].Level != funchost.Error {
					t.Errorf("records of %s = %v, want an error of the run", category, got)
				}
			}
		})
	}
	if got := messages(h, funchost.UserCategory(fn), ""); len(h.History()) != 4 || len(got) != 0 {
		t.Errorf("%d runs and Logs %v, want 4 and none", len(h.History()), got)
	}
}

// A redirect is not followed: the handler sees one request.
func TestRedirectIsNotFollowed(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	inv := f.invoke(h, answer{Raw: "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"})
	if inv.Succeeded || inv.StatusCode != 302 {
		t.Errorf("Invoke() = %+v, want failure with 302", inv)
	}
	f.await("post")
	if got := f.pending(); slices.Contains(got, "post") {
		t.Errorf("events after the request = %q, want no second one", got)
	}
}

func TestReasonPhraseReachesTheHistory(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for name, phrase := range map[string]string{
		"words": "GD1203 Key Vault refused the identity on " +
			"https://kv.vault.azure.net/secrets/aws-access-key-id: it lacks Key Vault Secrets User; see " +
			"docs/operations.md",
		"3,000 characters": strings.Repeat("abcdefghi ", 299) + "abcdefghij",
	} {
		t.Run(name, func(t *testing.T) {
			inv := f.invoke(h,
				answer{Raw: "HTTP/1.1 500 " + phrase + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})
			if inv.Reason != phrase ||
				!strings.HasSuffix(inv.Exception, "Response status code does not indicate success: 500 ("+phrase+").") {
				t.Errorf("Invoke() = %+v, want the phrase word for word", inv)
			}
			if got := messages(h, "Host.Results", phrase); len(got) != 1 || got[0].InvocationID != inv.ID {
				t.Errorf("Host.Results with the phrase = %v, want one of the run", got)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		inv := f.invoke(h, answer{Raw: "HTTP/1.1 500 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})
		if inv.Reason != "" || !strings.HasSuffix(inv.Exception, "success: 500.") {
			t.Errorf("Invoke() = %+v, want a failure without a phrase", inv)
		}
	})
	t.Run("non-ASCII", func(t *testing.T) {
		raw := "HTTP/1.1 500 ü\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
		if inv := f.invoke(h, answer{Raw: raw}); inv.Reason != "Ã¼" {
			t.Errorf("reason = %q, want one character a byte", inv.Reason)
		}
	})
}

func TestAnswersThatAreNoResult(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for name, a := range map[string]answer{
		"text/plain":        {Status: 200, Type: "text/plain", Body: `{"Logs":["a"]}`},
		"no Content-Type":   {Status: 200, Type: "none", Body: `{"Logs":["a"]}`},
		"problem+json":      {Status: 200, Type: "application/problem+json", Body: `{"Logs":["a"]}`},
		"not JSON":          {Status: 200, Type: jsonType, Body: "run ok"},
		"cut JSON":          {Status: 200, Type: jsonType, Body: `{"Logs":["a"`},
		"an array":          {Status: 200, Type: jsonType, Body: `["a"]`},
		"Logs not a list":   {Status: 200, Type: jsonType, Body: `{"Logs":"a"}`},
		"Outputs not a map": {Status: 200, Type: jsonType, Body: `{"Outputs":["a"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			inv := f.invoke(h, a)
			if inv.Succeeded || len(inv.Logs) != 0 ||
				!strings.Contains(inv.Exception, "Invalid HttpResponseMessage:") ||
				!strings.Contains(inv.Exception, "\n "+a.Body+"\n") {
				t.Errorf("Invoke() = %+v, want a failure that quotes %s", inv, a.Body)
			}
		})
	}
}

// An answer without a value is taken for none: the run hangs until
// functionTimeout, and the handler is killed for it.
func TestSilentAnswersHang(t *testing.T) {
	for name, a := range map[string]answer{
		"empty 200":        {Status: 200, Type: jsonType},
		"empty, no type":   {Status: 200, Type: "none"},
		"204":              {Status: 204, Type: "none"},
		"null":             {Status: 200, Type: jsonType, Body: "null"},
		"only white space": {Status: 200, Type: jsonType, Body: " \n"},
		"empty and chunked": {Raw: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.cfg.FunctionTimeout = 150 * time.Millisecond
			h := f.start()
			pid := h.HandlerPID()
			inv := f.invoke(h, a)
			if inv.Succeeded || !strings.Contains(inv.Exception, "FunctionTimeoutException") ||
				inv.Duration < f.cfg.FunctionTimeout {
				t.Errorf("Invoke() = %+v, want a timeout after %s", inv, f.cfg.FunctionTimeout)
			}
			if gone := f.await("gone"); gone.PID != pid {
				t.Errorf("process %d was killed, want %d", gone.PID, pid)
			}
		})
	}
}

func TestCutConnection(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	pid := h.HandlerPID()
	for name, raw := range map[string]string{
		"in mid-answer":  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"Logs\":[",
		"in the headers": "HTTP/1.1 200 OK\r\nContent-Ty",
		"in a chunk": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"ff\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			if inv := f.invoke(h, answer{Raw: raw}); inv.Succeeded ||
				!strings.Contains(inv.Exception, "The response ended prematurely") {
				t.Errorf("Invoke() = %+v, want failure: The response ended prematurely", inv)
			}
		})
	}
	if inv := f.invoke(h, good()); !inv.Succeeded || h.HandlerPID() != pid {
		t.Errorf("next run %t by process %d, want true by %d: the handler lives on", inv.Succeeded, h.HandlerPID(), pid)
	}
}
