package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/seed"
)

// hostEnv makes the test binary a Functions host of its own.
const hostEnv = "E2E_HOST_PROCESS"

// hostOrder is what a host process is to run.
type hostOrder struct {
	AppDir   string
	Settings map[string]string
	Environ  []string
	Run      bool // make a run too
}

// hostProcess hosts what the first line of its input says, prints the handler's
// process id in a line of its own, and ends with its input or by SIGKILL.
func hostProcess() int {
	var order hostOrder
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &order)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "order:", err)
		return 1
	}
	host, err := funchost.Start(context.Background(), funchost.Config{
		AppDir: order.AppDir, Settings: order.Settings, Environ: order.Environ, Output: os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		return 1
	}
	fmt.Println(host.HandlerPID())
	if order.Run {
		go host.Invoke(context.Background(), function) // the outcome has no reader
	}
	_, _ = io.Copy(io.Discard, in) // until the test has gone
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = host.Shutdown(ctx) // the process ends now in any case
	return 0
}

// startHostProcess starts a host process and returns it and its handler's id. Its
// console is output of the test.
func (f *fixture) startHostProcess(run bool) (*exec.Cmd, int) {
	f.Helper()
	self, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), hostEnv+"=1")
	cmd.Stderr = &f.output
	in, err := cmd.StdinPipe()
	if err != nil {
		f.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { // for a test that failed before its kill
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := json.NewEncoder(in).Encode(hostOrder{AppDir: appDir, Settings: f.settings, Environ: f.environ,
		Run: run}); err != nil {
		f.Fatal(err)
	}
	pid := 0
	if _, err := fmt.Fscan(out, &pid); err != nil || pid == 0 {
		f.Fatalf("the host process printed handler %d, %v, want its id; console: %s", pid, err, f.output.String())
	}
	return cmd, pid
}

// alive says whether a process exists and is not a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		_, procErr := os.Stat("/proc/self/stat")
		return procErr != nil // without /proc the signal's word stands
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return !bytes.HasPrefix(rest, []byte("Z"))
}

// kill ends a process with SIGKILL.
func (f *fixture) kill(cmd *exec.Cmd) {
	f.Helper()
	if err := cmd.Process.Kill(); err != nil {
		f.Fatal(err)
	}
	_ = cmd.Wait() // the status is that of the kill
}

// gone waits until a process has gone. A process that stays is killed, so that
// the test leaves none behind.
func (f *fixture) gone(pid int) {
	f.Helper()
	began := time.Now()
	f.Cleanup(func() {
		if alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	f.wait(fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
	f.Logf("process %d ended after %v", pid, time.Since(began).Round(time.Millisecond))
}

func TestIdleOrphanEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	host, pid := f.startHostProcess(false)
	if !alive(pid) {
		t.Fatalf("handler %d is not there, want it idle", pid)
	}
	f.kill(host)
	f.gone(pid)
}

// An orphan delivers and records what is in flight before it ends, so the next
// host's handler sends nothing again. That must hold too when it has something
// to log while its log streams lead nowhere any more.
func TestOrphanRecordsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	for name, withWarning := range map[string]bool{"silent": false, "with something to log": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.InMemory)
			const n = 700
			took := f.orphanInRun(n, withWarning)
			if t.Failed() {
				return
			}
			if got := len(f.deliveries()); got == 0 && took < stopGrace || got == n {
				t.Fatalf("rows of the orphan = %d, want some of %d", got, n)
			}
			f.cloud.Faults["ingestion"].Reset()
			f.cloud.Faults["s3"].Reset()
			f.start()
			f.run()
			f.deliveredInOrder(n, took)
		})
	}
}

// orphanInRun exports n findings, kills the host while the first batch is
// under way, waits for the handler's end and returns how long that took. With a
// warning, the handler meets a damaged object after its host has gone.
func (f *fixture) orphanInRun(n int, withWarning bool) time.Duration {
	f.Helper()
	f.with(map[string]string{"UPLOAD_CONCURRENCY": "1", "FETCH_CONCURRENCY": "8"})
	f.export(f.many(f.builtIn(), n),
		seed.Options{Seed: 3, Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"}})
	const held = 1500 * time.Millisecond
	f.strike("ingestion", faults.Fault{Method: "POST", Times: -1, Delay: held})
	if withWarning {
		// Older than all findings and in the same window, so read first; its answer
		// comes late, when findings are in flight.
		written := time.Now().UTC().Add(-23*time.Hour - 30*time.Minute)
		key := "AWSLogs/111122223333/GuardDuty/eu-west-1/" + written.Format("2006/01/02/") + "damaged.jsonl.gz"
		if err := f.cloud.S3.Put(key, []byte("no finding\n\x1f"), written); err != nil {
			f.Fatal(err)
		}
		f.strike(
			"s3",
			faults.Fault{
				Method: "GET",
				Path:   "/" + f.cloud.S3.Bucket() + "/" + key,
				Times:  -1,
				Delay:  held / 3,
				Status: 403,
			},
		)
	}
	host, pid := f.startHostProcess(true)
	f.wait("a batch under way", func() bool { return f.cloud.Faults["ingestion"].Fired() > 0 })
	killed := time.Now()
	f.kill(host)
	f.gone(pid)
	took := time.Since(killed)
	if strings.Contains(f.output.String(), "panic") {
		f.Errorf("output = %s, want no panic", f.output.String())
	}
	return took
}
