package funchost_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

// unstartable is a handler that cannot be started.
type unstartable struct {
	text string                // of the host
	make func(*fixture) string // returns what the host calls the file
}

// noSuchFile is a handler whose file, as host.json names it, is not there.
func noSuchFile(file string) unstartable {
	return unstartable{
		"System.ComponentModel.Win32Exception (2): An error occurred trying to start process 'FILE' with " +
			"working directory 'APP'. No such file or directory",
		func(f *fixture) string {
			f.app("host.json", strings.Replace(hostJSON, "bin/handler", file, 1))
			return file
		},
	}
}

// unable are handlers that cannot be started.
var unable = map[string]unstartable{
	"missing":         noSuchFile("bin/nothere"),
	"not on the path": noSuchFile("nothere-on-the-path"),
	"not executable": {
		"System.ComponentModel.Win32Exception (13): An error occurred trying to start process 'FILE' with " +
			"working directory 'APP'. Permission denied",
		func(f *fixture) string { return f.handler("#!/bin/sh\n", 0o644) },
	},
	"of another architecture": {
		"System.ComponentModel.Win32Exception (8): An error occurred trying to start process 'FILE' with " +
			"working directory 'APP'. Exec format error",
		func(f *fixture) string { return f.handler("\x7fELF\x02\x01\x01", 0o755) },
	},
}

// handler puts another file in the handler's place, and returns its path.
func (f *fixture) handler(text string, mode os.FileMode) string {
	f.t.Helper()
	file := filepath.Join(f.cfg.AppDir, "bin", "handler")
	if err := errors.Join(os.Remove(file), os.WriteFile(file, []byte(text), mode)); err != nil {
		f.t.Fatal(err)
	}
	return file
}

// A host whose handler cannot be started says so once and runs on. Each run
// hangs until functionTimeout.
func TestHandlerThatCannotBeStarted(t *testing.T) {
	for name, tt := range unable {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.cfg.FunctionTimeout = 100 * time.Millisecond
			file := tt.make(f)
			h := f.start()
			f.cannotStart(h, file, tt.text)
			for range 2 {
				f.timesOut(h)
			}
			if n := strings.Count(f.console.String(), "Failed to start Worker Channel"); n != 1 || h.Err() != nil {
				t.Errorf("%d records of the failure, Err() = %v, want one and a host that continues", n, h.Err())
			}
		})
	}
}

// The same holds for a handler that is to take another's place.
func TestNextHandlerCannotBeStarted(t *testing.T) {
	f := newFixture(t)
	f.cfg.FunctionTimeout = patience
	h := f.start()
	if err := h.HandlerError(); err != nil {
		t.Errorf("HandlerError() = %v, want nil", err)
	}
	pid := f.await("start").PID
	file := f.handler("#!/bin/sh\n", 0o644)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	f.console.await(t, "Permission denied")
	f.cannotStart(h, file, unable["not executable"].text)
}

func (f *fixture) cannotStart(h *funchost.Host, file, text string) {
	f.t.Helper()
	text = strings.NewReplacer("FILE", file, "APP", f.cfg.AppDir).Replace(text)
	want := "Failed to start Worker Channel. Process fileName: " + file + "\n" + text
	i := slices.IndexFunc(h.Records(), func(r funchost.Record) bool { return r.Message == want })
	if i < 0 || h.Records()[i].Level != funchost.Error ||
		!strings.HasPrefix(h.Records()[i].Category, "Worker.HttpWorkerProcess.") {
		f.t.Errorf("console = %s, want a failure %s", f.console, want)
	}
	if err := h.HandlerError(); err == nil || h.HandlerPID() != 0 {
		f.t.Errorf("HandlerError() = %v, HandlerPID() = %d, want an error and 0", err, h.HandlerPID())
	}
}

func (f *fixture) timesOut(h *funchost.Host) {
	f.t.Helper()
	want := "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException: " +
		"Timeout value of 00:00:00.1000000 was exceeded by function: Functions.GuardDutyTimer"
	if inv := f.run(h); inv.Succeeded || inv.Exception != want {
		f.t.Errorf("Invoke() = %+v, want the exception %q", inv, want)
	}
}
