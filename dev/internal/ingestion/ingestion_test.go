package ingestion_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"

	"guardduty-sentinel/dev/internal/egress/egresstest"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/identity"
	"guardduty-sentinel/dev/internal/ingestion"
)

const rule = "dcr-0123456789abcdef0123456789abcdef"

func testSchema() *ingestion.Schema {
	return &ingestion.Schema{Stream: "Custom-Test_CL", Columns: map[string]string{
		"TimeGenerated": "datetime", "s": "string", "r": "real", "l": "long", "i": "int", "b": "boolean",
		"d": "dynamic",
	}}
}

func newServer(t *testing.T, cfg ingestion.Config) *ingestion.Server {
	t.Helper()
	cfg.Rule = rule
	if cfg.Schema == nil {
		cfg.Schema = testSchema()
	}
	if cfg.Verify == nil {
		cfg.Verify = verify
	}
	s, err := ingestion.New(cfg)
	if err != nil {
		t.Fatalf("New() = %v, want no error", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// start returns a server, the faults in front of it, and a client.
func start(
	t *testing.T,
	cfg ingestion.Config,
) (*ingestion.Server, *faults.Script, *egresstest.Recorder, *azlogs.Client) {
	t.Helper()
	id := identity.New()
	cfg.Verify = id.Verify
	s := newServer(t, cfg)
	script := &faults.Script{}
	rec := egresstest.Record(script.Wrap(s.Handler()))
	n := egresstest.Start(t, map[string]http.Handler{
		egresstest.Identity:  id.Handler(),
		egresstest.Ingestion: rec,
	})
	c, err := azlogs.NewClient("https://"+egresstest.Ingestion, n.Credential(t, id),
		&azlogs.ClientOptions{ClientOptions: n.Options(t)})
	if err != nil {
		t.Fatalf("azlogs.NewClient() = %v, want no error", err)
	}
	return s, script, rec, c
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := zw.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var zipped = &azlogs.UploadOptions{ContentEncoding: to.Ptr("gzip")}

func TestUploadKeepsRowsByteForByte(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.ndjson")
	s, _, rec, c := start(t, ingestion.Config{File: file})
	const one = `{ "TimeGenerated":"2026-11-21T10:00:00.5Z","r":1.50e0,"d":{"a":[1, 2.0]},"s":"\u00e9\ud83d\ude00é" }`
	const two = "{\"TimeGenerated\":\"2026-11-21T10:00:00+01:00\",\n\"l\":9007199254740993}"
	if _, err := c.Upload(t.Context(), rule, "Custom-Test_CL", []byte("[ "+one+" ,\n"+two+"]\n"), nil); err != nil {
		t.Fatalf("Upload() = %v, want no error", err)
	}
	want := "POST https://guardduty-local.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/" + rule +
		"/streams/Custom-Test_CL?api-version=2023-01-01 token=true\n"
	if got := rec.Take(); got != want {
		t.Errorf("azlogs sent %q, want %q", got, want)
	}
	body := pack(t, "["+one+"]")
	if _, err := c.Upload(t.Context(), rule, "Custom-Test_CL", body, zipped); err != nil {
		t.Fatalf("Upload(gzip) = %v, want no error", err)
	}
	got := s.Rows()
	if len(got) != 3 || string(got[0]) != one || string(got[1]) != two || string(got[2]) != one {
		t.Errorf("Rows() = %q, want the three as sent", got)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != one+"\n"+strings.ReplaceAll(two, "\n", "")+"\n"+one+"\n" {
		t.Errorf("file = %q, %v, want a line for each row", text, err)
	}
	calls := s.Calls()
	if len(calls) != 2 || calls[0].Rows != 2 || calls[0].Bytes != calls[0].Compressed ||
		calls[1].Rows != 1 || calls[1].Bytes != len(one)+2 || calls[1].Compressed != len(body) ||
		calls[1].Time.Before(calls[0].Time) {
		t.Errorf("Calls() = %+v, want two rows plain, then one compressed", calls)
	}
	if st := s.Stats(); st.Calls != 2 || st.Rows != 3 || st.Refused != 0 || st.Unkept != 0 ||
		st.Compressed != calls[0].Compressed+len(body) {
		t.Errorf("Stats() = %+v, want 2 calls with 3 rows", st)
	}
	if err := s.Reset(); err != nil {
		t.Fatalf("Reset() = %v, want no error", err)
	}
	if text, err := os.ReadFile(file); err != nil || len(text) != 0 || len(s.Rows()) != 0 || len(s.Calls()) != 0 ||
		s.Stats() != (ingestion.Stats{}) {
		t.Errorf("after Reset: file %q, %v, stats %+v, want nothing", text, err, s.Stats())
	}
}

func TestRefusalsReachTheClient(t *testing.T) {
	s, _, _, c := start(t, ingestion.Config{})
	ok := `[{"TimeGenerated":"2026-11-21T10:00:00Z"}]`
	long := `[{"TimeGenerated":"2026-11-21T10:00:00Z"` + strings.Repeat(" ", ingestion.MaxBody) + `}]`
	for _, tt := range []struct {
		test, rule, stream string
		body               []byte
		opt                *azlogs.UploadOptions
		forbid             bool
		status             int
		code, says         string
	}{
		{"no role", rule, "Custom-Test_CL", []byte(ok), nil, true, 403, "OperationFailed", rule},
		{"another rule", "dcr-1", "Custom-Test_CL", []byte(ok), nil, false, 404, "NotFound", "dcr-1"},
		{"another stream", rule, "Custom-X", []byte(ok), nil, false, 404, "InvalidStream", "Custom-X"},
		{"a row that breaks the schema", rule, "Custom-Test_CL",
			[]byte(`[{"TimeGenerated":"2026-11-21T10:00:00Z"},{"s":1}]`), nil, false, 400, "InvalidRow",
			`row 1, column \"s\"`},
		{"too long", rule, "Custom-Test_CL", []byte(long), nil, false, 413, "ContentLengthLimitExceeded", "1000000"},
		{"too long inflated", rule, "Custom-Test_CL", pack(t, long), zipped, false, 413, "ContentLengthLimitExceeded",
			"inflates"},
		{"not compressed", rule, "Custom-Test_CL", []byte(ok), zipped, false, 400, "InvalidPayload", "gzip"},
	} {
		t.Run(tt.test, func(t *testing.T) {
			s.Forbid(tt.forbid)
			_, err := c.Upload(t.Context(), tt.rule, tt.stream, tt.body, tt.opt)
			var re *azcore.ResponseError
			if !errors.As(err, &re) || re.StatusCode != tt.status || re.ErrorCode != tt.code ||
				!strings.Contains(err.Error(), tt.says) {
				t.Fatalf("Upload() = %v, want %d %s with %q", err, tt.status, tt.code, tt.says)
			}
			if re.RawResponse.Header.Get("x-ms-request-id") == "" {
				t.Error("answer has no x-ms-request-id")
			}
		})
	}
	if st := s.Stats(); st.Refused != 7 || st.Rows != 0 || len(s.Rows()) != 0 {
		t.Errorf("Stats() = %+v, want 7 refusals and no row", st)
	}
}

func TestThrottledUploadArrivesOnce(t *testing.T) {
	s, script, _, c := start(t, ingestion.Config{})
	err := script.Add(
		faults.Fault{Method: "POST", Times: 2, Status: 429, Header: map[string]string{"Retry-After-Ms": "1"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Upload(t.Context(), rule, "Custom-Test_CL", []byte(`[{"TimeGenerated":"2026-11-21T10:00:00Z"}]`),
		nil); err != nil {
		t.Errorf("Upload() = %v, want no error after two times 429", err)
	}
	if got := len(s.Rows()); got != 1 || script.Fired() != 2 {
		t.Errorf("%d rows after %d faults, want 1 after 2", got, script.Fired())
	}
}

func TestUploadArrivesTwiceWhenTheAnswerIsLost(t *testing.T) {
	for drop, want := range map[string]int{faults.DropBefore: 1, faults.DropAfter: 2} {
		t.Run(drop, func(t *testing.T) {
			s, script, _, c := start(t, ingestion.Config{})
			if err := script.Add(faults.Fault{Drop: drop}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Upload(t.Context(), rule, "Custom-Test_CL",
				[]byte(`[{"TimeGenerated":"2026-11-21T10:00:00Z"}]`), nil); err != nil {
				t.Errorf("Upload() = %v, want no error: azcore tries again", err)
			}
			if got := len(s.Rows()); got != want {
				t.Errorf("%d rows, want %d", got, want)
			}
		})
	}
}

func TestKeepBoundsRowsInMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.ndjson")
	const row = `{"TimeGenerated":"2026-11-21T10:00:00Z","i":1}`
	s := newServer(t, ingestion.Config{Keep: 2*len(row) + 5, File: file})
	body := "[" + row + "," + row + "," + row + "," + `{"TimeGenerated":"2026-11-21T10:00:00Z"}` + "]"
	if w := post(s, strings.NewReader(body), nil); w.Code != 204 {
		t.Fatalf("POST = %d %s, want 204", w.Code, w.Body)
	}
	if st := s.Stats(); len(s.Rows()) != 2 || st.Rows != 4 || st.Unkept != 2 {
		t.Errorf("%d rows kept, Stats() = %+v, want the first 2 of 4", len(s.Rows()), st)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != 4 {
		t.Errorf("file = %q, %v, want all 4 rows", text, err)
	}
}

func TestCountStandsInPlaceOfTheChecks(t *testing.T) {
	var got []string
	s, _, _, c := start(t, ingestion.Config{Count: func(body []byte) (int, error) {
		got = append(got, string(body))
		if string(body) == "[]" {
			return 0, errors.New("no rows")
		}
		return 7, nil
	}})
	_, err := c.Upload(t.Context(), rule, "Custom-Test_CL", []byte(`[{"of":"no schema"}]`), nil)
	if err != nil {
		t.Errorf("Upload() = %v, want no error", err)
	}
	if _, err := c.Upload(t.Context(), rule, "Custom-Test_CL", []byte("[]"), nil); err == nil {
		t.Error("Upload() of what Count refuses = no error, want one")
	}
	if stats := s.Stats(); stats.Rows != 7 || stats.Calls != 1 || stats.Refused != 1 || len(s.Rows()) != 0 {
		t.Errorf("Stats() = %+v and %d rows kept, want 7 rows in one call, one refused and none kept", stats,
			len(s.Rows()))
	}
	if want := []string{`[{"of":"no schema"}]`, "[]"}; !slices.Equal(got, want) {
		t.Errorf("Count got %q, want %q", got, want)
	}
}

func TestFileThatFailsTakesNothing(t *testing.T) {
	s := newServer(t, ingestion.Config{File: filepath.Join(t.TempDir(), "rows.ndjson")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w := post(s, strings.NewReader(`[{"TimeGenerated":"2026-11-21T10:00:00Z"}]`), nil)
	if w.Code != 500 || len(s.Rows()) != 0 || s.Stats().Calls != 0 {
		t.Errorf("POST = %d, %d rows, want 500 and none", w.Code, len(s.Rows()))
	}
}

func TestConcurrentCallsAreNotMixed(t *testing.T) {
	s := newServer(t, ingestion.Config{File: filepath.Join(t.TempDir(), "rows.ndjson")})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			row := `{"TimeGenerated":"2026-11-21T10:00:00Z","s":"` + string(rune('a'+i)) + `"}`
			body := "[" + strings.Repeat(row+",", 9) + row + "]"
			if w := post(s, strings.NewReader(body), nil); w.Code != 204 {
				t.Errorf("POST = %d %s, want 204", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	rows := s.Rows()
	if len(rows) != 200 {
		t.Fatalf("%d rows, want 200", len(rows))
	}
	for i, row := range rows {
		if !bytes.Equal(row, rows[i/10*10]) {
			t.Fatalf("row %d = %s, want %s: a call's rows stand together", i, row, rows[i/10*10])
		}
	}
}
