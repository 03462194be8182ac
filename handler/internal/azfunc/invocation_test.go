package azfunc_test

import (
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/azfunc"
)

// bodies are what hosts send, and what they might: the first three were seen
// on the host 4.1037, times without a zone come from older ones.
var bodies = map[string]struct {
	body string
	want azfunc.Invocation
}{
	"timer": {
		`{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{` +
			`"Last":"2026-11-21T20:55:00.0021+00:00","Next":"2026-11-21T21:00:00+00:00",` +
			`"LastUpdated":"2026-11-21T20:55:00.0021+00:00"},"IsPastDue":false}},` +
			`"Metadata":{"sys":{"MethodName":"Timer","UtcNow":"2026-11-21T21:00:00.0134Z","RandGuid":"8a2f"}}}`,
		azfunc.Invocation{},
	},
	"past due":           {`{"Data":{"timer":{"IsPastDue":true}}}`, azfunc.Invocation{PastDue: true}},
	"no schedule status": {`{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}}}`, azfunc.Invocation{}},
	"times without zone": {
		`{"Data":{"timer":{"ScheduleStatus":{"Last":"0001-01-01T00:00:00","Next":"0001-01-01T00:00:00",` +
			`"LastUpdated":"0001-01-01T00:00:00"},"IsPastDue":true}}}`,
		azfunc.Invocation{PastDue: true},
	},
	"status a number": {
		`{"Data":{"timer":{"ScheduleStatus":7,"IsPastDue":true}}}`,
		azfunc.Invocation{PastDue: true},
	},
	"status an array": {
		`{"Data":{"timer":{"ScheduleStatus":[{}],"IsPastDue":true}}}`,
		azfunc.Invocation{PastDue: true},
	},
	"binding's own name": {`{"Data":{"myTimer":{"IsPastDue":true}}}`, azfunc.Invocation{PastDue: true}},
	"other case": {
		`{"data":{"timer":{"isPastDue":true}},"metadata":{"RetryContext":{"retryCount":1}}}`,
		azfunc.Invocation{PastDue: true, Retry: 1},
	},
	"unknown fields": {
		`{"Data":{"timer":{"IsPastDue":false,"New":{"a":[1]}},"other":5},"New":[],"Metadata":{"x":null}}`,
		azfunc.Invocation{},
	},
	"retry": {
		`{"Data":{"timer":{}},"Metadata":{"RetryContext":{"RetryCount":3,"MaxRetryCount":5,"Exception":null}}}`,
		azfunc.Invocation{Retry: 3},
	},
	"retry as text":       {`{"Metadata":{"RetryContext":{"RetryCount":"3"}}}`, azfunc.Invocation{Retry: 3}},
	"retry of other form": {`{"Metadata":{"RetryContext":"first"}}`, azfunc.Invocation{}},
	"retry no number":     {`{"Metadata":{"RetryContext":{"RetryCount":1.5}}}`, azfunc.Invocation{}},
	"past due as text":    {`{"Data":{"timer":{"IsPastDue":"true"}}}`, azfunc.Invocation{}},
	"timer a string":      {`{"Data":{"timer":"{}"}}`, azfunc.Invocation{}},
	"data null":           {`{"Data":null,"Metadata":null}`, azfunc.Invocation{}},
	"data a string":       {`{"Data":"x","Metadata":{"RetryContext":{"RetryCount":1}}}`, azfunc.Invocation{Retry: 1}},
	"metadata an array":   {`{"Data":{"timer":{"IsPastDue":true}},"Metadata":[1]}`, azfunc.Invocation{PastDue: true}},
	"no data":             {`{"Metadata":{}}`, azfunc.Invocation{}},
	"empty object":        {`{}`, azfunc.Invocation{}},
	"null":                {`null`, azfunc.Invocation{}},
	"empty":               {"", azfunc.Invocation{}},
	"blank":               {" \r\n", azfunc.Invocation{}},
}

func TestTimerBodiesAreReadLeniently(t *testing.T) {
	for name, tt := range bodies {
		t.Run(name, func(t *testing.T) {
			got, err := azfunc.ReadInvocation(strings.NewReader(tt.body))
			if err != nil || got != tt.want {
				t.Errorf("readInvocation(%s) = %+v, %v, want %+v", tt.body, got, err, tt.want)
			}
		})
	}
}

// FuzzReadInvocation: no body makes it panic, and an invocation comes without
// what only the server knows.
func FuzzReadInvocation(f *testing.F) {
	for _, tt := range bodies {
		f.Add(tt.body)
	}
	f.Add(`{"Data":{"timer":`)
	f.Add("\xff\xfe{")
	f.Fuzz(func(t *testing.T, body string) {
		inv, err := azfunc.ReadInvocation(strings.NewReader(body))
		if inv.ID != "" || inv.Function != "" {
			t.Errorf("readInvocation(%q) = %+v, want no id and no function", body, inv)
		}
		if err != nil && inv != (azfunc.Invocation{}) {
			t.Errorf("readInvocation(%q) = %+v with %v, want nothing with an error", body, inv, err)
		}
	})
}
