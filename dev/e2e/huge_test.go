package e2e_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
)

// A kill inside one large object repeats what came after the last record of its
// progress, and not the object.
func TestKillInsideAHugeObject(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	const n = 20_000
	body := bytes.Join(f.many([][]byte{[]byte(small)}, n), []byte("\n"))
	now := time.Now()
	f.store("AWSLogs/111122223333/GuardDuty/eu-west-1/"+now.UTC().Format("2006/01/02/")+"huge.jsonl.gz", body, now)
	f.with(map[string]string{"LOG_LEVEL": "info", "UPLOAD_CONCURRENCY": "2"})
	f.strike("ingestion", faults.Fault{Method: "POST", Times: -1, Delay: 150 * time.Millisecond})
	repeated, before := 0, 0
	for _, after := range []int{n / 3, 2 * n / 3} {
		f.start()
		ended := f.background()
		f.wait("rows", func() bool { return f.cloud.Ingestion.Stats().Rows-repeated >= after })
		if err := syscall.Kill(f.host.HandlerPID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		f.receive(ended)
		f.quiet()
		f.stop()
		rows := f.cloud.Ingestion.Stats().Rows
		t.Logf("killed at %d rows, %d since the last", rows, rows-before)
		before = rows
	}
	f.cloud.Faults["ingestion"].Reset()
	f.start()
	f.run()
	rows := f.cloud.Ingestion.Stats().Rows
	if ids := len(f.times()); ids != n {
		t.Errorf("%d of %d findings arrived", ids, n)
	}
	if rows-n > n/4 {
		t.Errorf("%d findings came again after two kills, want fewer than %d", rows-n, n/4)
	}
	t.Logf("%d findings in one object, 2 kills, %d repeated", n, rows-n)
}
