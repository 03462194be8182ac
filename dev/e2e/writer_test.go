package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
)

// attack is what somebody puts into the bucket who may write there.
type attack struct {
	name     string
	objects  map[string][]byte // by key below AWSLogs/
	settings map[string]string
	deny     string        // what below AWSLogs/ S3 refuses to give
	delay    time.Duration // of every answer of S3
}

// genuineObjects is how many objects of another account there are, of
// genuineFindings each.
const (
	genuineObjects  = 20
	genuineFindings = 5
)

// Whatever a writer puts into the bucket, the run that meets it delivers the
// findings of another account, all of them, within the bound on memory.
func TestWriterHoldsNothingBack(t *testing.T) {
	needProc(t)
	t.Parallel()
	for _, a := range []attack{
		{name: "64 objects of 2 lines of 300,000 names", objects: below(writerPair, 64, lines(2, wide(300_000)))},
		{name: "64 objects of 3 lines of 90,000 names", objects: below(writerPair, 64, lines(3, wide(90_000)))},
		{name: "64 objects of 3 lines of 209 KB, all names", objects: below(writerPair, 64, lines(3, wide(23_000)))},
		{name: "64 objects of 3 lines of 250 KB, all numbers", objects: below(writerPair, 64, lines(3, long(250<<10)))},
		{name: "64 objects of 9 million lines", objects: below(writerPair, 64, junk(9))},
		{
			name:    "64 objects of 3 lines of 4 MB of text",
			objects: below(writerPair, 64, lines(3, head+`"`+strings.Repeat("x", 4_000_000)+`"}`)),
		},
		{
			name:    fmt.Sprintf("64 objects of %d MB without a line end", ifLarge(1024, 64)),
			objects: below(writerPair, 64, bomb(int64(ifLarge(1024, 64))<<20).body),
		},
		{
			name:    "64 objects of 100,000 times the same finding",
			objects: below(writerPair, 64, lines(100_000, head+"1}")),
		},
		{name: "600 made-up accounts that cannot be read", objects: accounts(600, []byte("x")), deny: "9"},
		{name: "3,000 folders of no account", objects: folders(3000), delay: 20 * time.Millisecond},
		{
			name:    fmt.Sprintf("%d made-up accounts", ifLarge(20_000, 2_000)),
			objects: accounts(ifLarge(20_000, 2_000), []byte("x")), delay: 20 * time.Millisecond,
		},
		{
			name:     fmt.Sprintf("4 objects of %d tiny findings", ifLarge(500_000, 100_000)),
			objects:  below(writerPair, 4, tiny(ifLarge(500_000, 100_000))),
			settings: map[string]string{"MAX_PAIR_MB": fmt.Sprint(ifLarge(50, 10))},
		},
	} {
		t.Run(a.name, func(t *testing.T) { a.try(t) })
	}
}

// TestFuzzedObjectsHoldNothingBack tries shapes that no test names: names,
// depths, lengths, repeats, numbers and escapes, put together at random.
func TestFuzzedObjectsHoldNothingBack(t *testing.T) {
	needProc(t)
	t.Parallel()
	first := fromEnv(t, "FUZZ_SEED", 1)
	for seed := first; seed < first+uint64(ifLarge(50, 3)); seed++ {
		t.Run(fmt.Sprint("FUZZ_SEED=", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 19))
			a := attack{objects: make(map[string][]byte)}
			for i := range 64 {
				a.objects[fmt.Sprintf("%sYYYY/%d.jsonl.gz", writerPair, i)] = fuzzed(r)
			}
			a.try(t)
		})
	}
}

// try makes a run over the attack and the findings of another account.
func (a attack) try(t *testing.T) {
	f := newFixture(t, cloud.InMemory)
	f.with(map[string]string{"LOG_LEVEL": "info", "RUN_BUDGET": "8m"})
	f.with(a.settings)
	at := time.Now().UTC().Add(-2 * time.Hour)
	put := func(key string, body []byte, at time.Time) {
		key = "AWSLogs/" + strings.ReplaceAll(key, "YYYY", at.Format("2006/01/02"))
		if err := f.cloud.S3.Put(key, body, at); err != nil {
			t.Fatal(err)
		}
	}
	given := 0
	for key, body := range a.objects {
		put(key, body, at)
		given += len(body)
	}
	var w workshop
	var ids []string
	for i := range genuineObjects {
		o := w.sound("genuine", genuineFindings)
		ids = append(ids, o.ids...)
		put(fmt.Sprintf("%sYYYY/%d.jsonl.gz", genuinePair, i), o.body, at.Add(time.Minute))
	}
	if a.deny != "" {
		f.cloud.S3.Deny(s3server.GetObject, "AWSLogs/"+a.deny)
	}
	if a.delay > 0 {
		f.strike("s3", faults.Fault{Times: -1, Delay: a.delay})
	}
	f.start()
	pid := f.host.HandlerPID()
	inv := f.invoke()
	if got := f.host.HandlerPID(); got != pid {
		t.Fatalf("handler = %d, want %d to continue: %s", got, pid, inv.Reason)
	}
	peak := f.status(pid, "VmHWM")
	stats := f.cloud.Ingestion.Stats()
	t.Logf("%-48s given %6.1f MB, peak %3d MB, %5.1f s, %d rows of %.1f MB", a.name, mega(given), peak>>20,
		inv.Duration.Seconds(), stats.Rows, mega(int(stats.Bytes)))
	if peak > hostileMemory {
		t.Errorf("VmHWM = %d MB, want at most %d", peak>>20, hostileMemory>>20)
	}
	times := f.times()
	for _, id := range ids {
		if times[id] != 1 {
			t.Errorf("genuine finding %s arrived %d times, want once", id, times[id])
		}
	}
}

func mega(bytes int) float64 { return float64(bytes) / 1e6 }

const (
	writerPair  = "999999999999/GuardDuty/eu-west-1/"
	genuinePair = "111122223333/GuardDuty/eu-west-1/"
)

// below is n objects of a pair with the same content.
func below(pair string, n int, body []byte) map[string][]byte {
	objects := make(map[string][]byte)
	for i := range n {
		objects[fmt.Sprintf("%sYYYY/%d.jsonl.gz", pair, i)] = body
	}
	return objects
}

// accounts is an object in each of n accounts, whose ids begin with 9.
func accounts(n int, body []byte) map[string][]byte {
	objects := make(map[string][]byte)
	for i := range n {
		objects[fmt.Sprintf("9%011d/GuardDuty/eu-west-1/YYYY/x.jsonl.gz", i)] = body
	}
	return objects
}

// folders is an object in each of n folders that are not those of accounts.
func folders(n int) map[string][]byte {
	objects := make(map[string][]byte)
	for i := range n {
		objects[fmt.Sprintf("x%05d/y", i)] = []byte("x")
	}
	return objects
}

// lines is an object of n times the same line.
func lines(n int, line string) []byte { return zipped(strings.Repeat(line+"\n", n)) }

// head begins a finding, which wants a "}" in the end.
const head = `{"id":"0123456789abcdef0123456789abcdef","type":"a","accountId":"999999999999","service":`

// wide is a finding with n short names.
func wide(n int) string {
	var b strings.Builder
	b.WriteString(head + `{"a":1`)
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String() + "}}"
}

// long is a finding of about size bytes with as many values as possible.
func long(size int) string { return head + array("1", size) + "}" }

// junk is millions of lines of a byte.
func junk(millions int) []byte {
	return bytes.Repeat(zipped(strings.Repeat("x\n", 1e6)), millions)
}

// tiny is n findings as small as they can be, each with an id of its own.
func tiny(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"%x","type":"a"}`+"\n", i)
	}
	return zipped(b.String())
}
