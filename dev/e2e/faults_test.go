package e2e_test

import (
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// breakage is one way in which a run cannot do its job.
type breakage struct {
	name string
	with map[string]string // settings of the whole test
	// One of these is the fault: settings that are wrong, which the user fixes
	// and the host then starts again; or something outside, which ends by lift
	// while the handler continues.
	wrong  map[string]string
	strike func(*fixture) (lift func())

	code string   // or several with spaces between, any of which will do
	says []string // of the reason: the things, and the fix
}

const otherRule = "dcr-ffffffffffffffffffffffffffffffff"

// xmlError is an error of S3.
func xmlError(code string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>as ordered</Message></Error>`
}

// always makes every call of a service meet fault until it is lifted.
func always(service string, fault faults.Fault) func(*fixture) func() {
	return func(f *fixture) func() {
		fault.Times = -1
		f.strike(service, fault)
		return f.cloud.Faults[service].Reset
	}
}

// forbid is a role that is missing, for as long as it is.
func forbid(server func(*cloud.Cloud) interface{ Forbid(bool) }) func(*fixture) func() {
	return func(f *fixture) func() {
		server(f.cloud).Forbid(true)
		return func() { server(f.cloud).Forbid(false) }
	}
}

// deny refuses one operation of S3.
func deny(op s3server.Operation) func(*fixture) func() {
	return func(f *fixture) func() { return f.cloud.S3.Deny(op, "") }
}

func settingFaults() []breakage {
	return []breakage{
		{
			name: "several settings",
			wrong: map[string]string{
				"S3_BUCKET":         "",
				"AWS_REGION":        "Ireland",
				"DCR_IMMUTABLE_ID":  "my-rule",
				"RUN_BUDGET":        "5s",
				"FETCH_CONCURRENCY": "many",
			},
			code: "GD1001",
			says: []string{
				"S3_BUCKET is required", `AWS_REGION: "Ireland"`, `DCR_IMMUTABLE_ID: "my-rule"`, `RUN_BUDGET: "5s"`,
				`FETCH_CONCURRENCY: "many"`, "fix the app settings",
			},
		},
		{
			name:  "unknown rule",
			wrong: map[string]string{"DCR_IMMUTABLE_ID": otherRule},
			code:  "GD1502", says: []string{otherRule, "DCR_IMMUTABLE_ID"},
		},
		{
			name:  "unknown stream",
			wrong: map[string]string{"DCR_STREAM": "Custom-Other_CL"},
			code:  "GD1502", says: []string{"Custom-Other_CL", "DCR_STREAM"},
		},
		{
			name:  "unknown vault secret's name",
			wrong: map[string]string{"AWS_ACCESS_KEY_ID_SECRET": "other-name"},
			code:  "GD1202", says: []string{"https://" + cloud.VaultHost + "/secrets/other-name",
				"AWS_ACCESS_KEY_ID_SECRET"},
		},
	}
}

func azureFaults() []breakage {
	return []breakage{
		{
			name:   "identity refuses",
			strike: forbid(func(c *cloud.Cloud) interface{ Forbid(bool) } { return c.Identity }),
			code:   "GD1101", says: []string{"https://vault.azure.net", "managed identity"},
		},
		{
			name:   "vault refuses",
			strike: forbid(func(c *cloud.Cloud) interface{ Forbid(bool) } { return c.Vault }),
			code:   "GD1203", says: []string{"https://" + cloud.VaultHost, "Key Vault Secrets User"},
		},
		{
			name: "secret missing",
			strike: func(f *fixture) func() {
				f.cloud.Vault.Delete(cloud.SecretAccessKeySecret)
				return func() { f.cloud.Vault.Set(cloud.SecretAccessKeySecret, f.cloud.SecretAccessKey) }
			},
			code: "GD1202", says: []string{"https://" + cloud.VaultHost + "/secrets/" + cloud.SecretAccessKeySecret,
				"store"},
		},
		{
			name: "secret disabled",
			strike: func(f *fixture) func() {
				f.cloud.Vault.Disable(cloud.AccessKeyIDSecret)
				return func() { f.cloud.Vault.Set(cloud.AccessKeyIDSecret, f.cloud.AccessKeyID) }
			},
			code: "GD1202", says: []string{"/secrets/" + cloud.AccessKeyIDSecret + " is disabled", "enable it"},
		},
		{
			name:   "ingestion refuses",
			strike: forbid(func(c *cloud.Cloud) interface{ Forbid(bool) } { return c.Ingestion }),
			code:   "GD1501", says: []string{cloud.RuleID, "Monitoring Metrics Publisher"},
		},
		{
			name:   "ingestion fails for ever",
			wrong:  map[string]string{"RUN_BUDGET": "30s"},
			strike: always("ingestion", faults.Fault{Status: 503}),
			code:   "GD1503 GD1504", says: []string{cloud.IngestionHost, "later run"},
		},
		{
			name: "ingestion points elsewhere",
			strike: always("ingestion", faults.Fault{
				Status: 307, Header: map[string]string{"Location": "https://elsewhere.example/"},
			}),
			code: "GD1504", says: []string{cloud.IngestionHost, "307"},
		},
		{
			name:   "ingestion throttles for ever",
			wrong:  map[string]string{"RUN_BUDGET": "30s"},
			strike: always("ingestion", faults.Fault{Status: 429, Header: map[string]string{"Retry-After": "60"}}),
			code:   "GD1503 GD1504", says: []string{cloud.IngestionHost, "run"},
		},
	}
}

func s3Faults() []breakage {
	return []breakage{
		{
			name: "S3 points elsewhere",
			strike: always("s3", faults.Fault{
				Status: 307, Header: map[string]string{"Location": "https://elsewhere.example/"},
			}),
			code: "GD1307", says: []string{"HTTP 307"},
		},
		{
			name:  "bucket of another account",
			with:  map[string]string{"S3_BUCKET_OWNER": s3server.Owner},
			wrong: map[string]string{"S3_BUCKET_OWNER": "999999999999"},
			code:  "GD1303", says: []string{"belongs to the account 999999999999, as S3_BUCKET_OWNER says"},
		},
		{
			name:   "something else than S3 answers",
			strike: always("s3", faults.Fault{Status: 200, Body: "blocked by the proxy"}),
			code:   "GD1307", says: []string{"is not a listing", "AWS_ENDPOINT_URL_S3"},
		},
		{
			name: "key unknown to AWS",
			strike: func(f *fixture) func() {
				f.cloud.S3.AcceptKeys("AKIAOTHEROTHEROTHER0")
				return func() { f.cloud.S3.AcceptKeys(f.cloud.AccessKeyID) }
			},
			code: "GD1301", says: []string{"guardduty-findings", "InvalidAccessKeyId", "in the vault"},
		},
		{
			name: "no such bucket",
			with: map[string]string{"S3_BUCKET": "elsewhere"},
			strike: func(f *fixture) func() {
				return func() {
					if err := f.cloud.S3.CreateBucket("elsewhere"); err != nil {
						f.Fatal(err)
					}
					for _, o := range seed.Plan(f.builtIn(), seed.Options{Now: time.Now()}) {
						if err := f.cloud.S3.PutIn("elsewhere", o.Key, o.Body, o.LastModified); err != nil {
							f.Fatal(err)
						}
					}
				}
			},
			code: "GD1302", says: []string{"bucket elsewhere", "S3_BUCKET"},
		},
		{
			name: "listing refused", strike: deny(s3server.ListObjectsV2),
			code: "GD1303", says: []string{"guardduty-findings", "s3:ListBucket"},
		},
		{
			name: "reading refused", strike: deny(s3server.GetObject),
			code: "GD1304", says: []string{"guardduty-findings", "s3:GetObject", "kms:Decrypt"},
		},
		{
			name:   "bucket in another region",
			strike: always("s3", faults.Fault{Status: 301, Body: xmlError("PermanentRedirect")}),
			code:   "GD1305", says: []string{"guardduty-findings", "AWS_REGION"},
		},
		{
			name:   "clock wrong",
			strike: always("s3", faults.Fault{Status: 403, Body: xmlError("RequestTimeTooSkewed")}),
			code:   "GD1306", says: []string{"clock"},
		},
		{
			name:   "S3 down",
			strike: always("s3", faults.Fault{Drop: faults.DropBefore}),
			code:   "GD1307", says: []string{"guardduty-findings", "AWS_ENDPOINT_URL_S3"},
		},
	}
}

// A run that cannot do its job fails in the run history and says why there;
// nothing is lost by it, and once the fault is gone the next run does it all.
func TestFaultFailsTheRunAndSaysWhy(t *testing.T) {
	t.Parallel()
	for _, b := range slices.Concat(settingFaults(), azureFaults(), s3Faults()) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.InMemory)
			f.breaks(b)
		})
	}
}

// The table's key is refused: a connection string that is well-formed and wrong.
func TestStateTableRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithKey)
	connection := f.settings["AzureWebJobsStorage"]
	_, rest, _ := strings.Cut(connection, "AccountKey=")
	key, _, _ := strings.Cut(rest, ";")
	other := strings.Repeat("A", len(key)-2) + "=="
	f.secrets = append(f.secrets, other)
	f.breaks(breakage{
		wrong: map[string]string{"AzureWebJobsStorage": strings.ReplaceAll(connection, key, other)},
		code:  "GD1401", says: []string{"GuardDutyState", "correct the key in AzureWebJobsStorage"},
	})
}

// The table's service does not listen: the run ends while the client waits
// between two attempts, and says what they came to.
func TestStateTableOutOfReach(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithKey)
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := ln.Addr().String()
	ln.Close()
	connection := f.settings["AzureWebJobsStorage"]
	before, _, _ := strings.Cut(connection, "TableEndpoint=")
	f.breaks(breakage{
		wrong: map[string]string{"AzureWebJobsStorage": before + "TableEndpoint=http://" + host + "/devstoreaccount1;"},
		code:  "GD1402", says: []string{"GuardDutyState: dial tcp " + host, "connection refused"},
	})
}

// breaks runs into a fault, then past it.
func (f *fixture) breaks(b breakage) {
	f.Helper()
	findings := f.builtIn()
	f.export(findings, seed.Options{Seed: 4})
	f.with(b.with)
	right := maps.Clone(f.settings)
	f.with(b.wrong)
	lift := func() {}
	f.start()
	if b.strike != nil {
		lift = b.strike(f)
	}
	pid := f.host.HandlerPID()
	f.failsWith(b)
	if n := len(f.deliveries()); n > 0 {
		f.Errorf("rows = %d, want none", n)
	}
	if got := f.host.HandlerPID(); got != pid {
		f.Errorf("handler = %d, want %d to continue", got, pid)
	}
	lift()
	if b.wrong != nil {
		f.settings = right
		f.start()
	}
	f.run()
	if got := f.host.HandlerPID(); b.wrong == nil && got != pid {
		f.Errorf("handler = %d, want %d to continue", got, pid)
	}
	f.deliveredOnce(len(findings))
	f.run()
	f.deliveredOnce(len(findings))
}

// failsWith makes a run that must fail as b says, in the history and the log.
func (f *fixture) failsWith(b breakage) {
	f.Helper()
	inv := f.invoke()
	f.Logf("%d %s", inv.StatusCode, inv.Reason)
	code, _, _ := strings.Cut(inv.Reason, " ")
	if inv.Succeeded || inv.StatusCode != 500 || !slices.Contains(strings.Fields(b.code), code) {
		f.Errorf("Invoke(%s) = succeeded %t, %d %s, want 500 %s", function, inv.Succeeded, inv.StatusCode, inv.Reason,
			b.code)
	}
	for _, part := range b.says {
		if !strings.Contains(inv.Reason, part) {
			f.Errorf("Reason = %q, want %q in it", inv.Reason, part)
		}
	}
	if !strings.Contains(inv.Exception, inv.Reason) {
		f.Errorf("Exception = %q, want the reason %q in it", inv.Exception, inv.Reason)
	}
	var bad []string
	for _, line := range f.logged(inv.ID) {
		if line.Level == "ERROR" || line.Stderr {
			bad = append(bad, line.Message)
			if line.Level != "ERROR" || !line.Stderr {
				f.Errorf("line %s: level %s, on stderr as an error %t, want both or neither", line.Text, line.Level,
					line.Stderr)
			}
		}
	}
	if !slices.Equal(bad, []string{"run failed"}) {
		f.Errorf("ERROR lines of invocation %s = %q, want one, run failed", inv.ID, bad)
	}
	select {
	case <-f.host.Done():
		f.Error("the host gave up, want it to continue")
	default:
	}
}
