package funchost_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

// The function is disabled, and the handler runs all the same.
func TestScheduleSettingNotSet(t *testing.T) {
	f := newFixture(t)
	delete(f.cfg.Settings, "GUARDDUTY_SCHEDULE")
	h := f.start()
	f.inError("System.InvalidOperationException", "Microsoft.Azure.WebJobs.Host",
		"'%GUARDDUTY_SCHEDULE%' does not resolve to a value.")
	if _, err := h.Invoke(t.Context(), fn); err == nil || h.Disabled(fn) == nil {
		t.Errorf("Invoke() = %v, Disabled() = %v, want errors", err, h.Disabled(fn))
	}
	if pid := f.await("start").PID; h.HandlerPID() != pid {
		t.Errorf("HandlerPID() = %d, want %d", h.HandlerPID(), pid)
	}
	timer(t, h.RunTimer)()
}

func TestScheduleThatIsNone(t *testing.T) {
	for _, expression := range []string{
		"*/5 * * * *", "0 0 0 * * * *", "0 61 * * * *", "@hourly", "TZ=UTC", "0 0 0 ? * *", "0 0 0 31 2 *", "often",
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			setting(f, "GUARDDUTY_SCHEDULE", expression)
			h := f.start()
			want := "The schedule expression '" + expression +
				"' was not recognized as a valid cron expression or timespan string."
			f.inError("System.ArgumentException", "Microsoft.Azure.WebJobs.Extensions", want)
			if err := h.Disabled(fn); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Disabled() = %v, want %s", err, want)
			}
		})
	}
}

// inError fails the test unless the console says, in the real host's records,
// that the function is in error.
func (f *fixture) inError(exception, source, text string) {
	f.t.Helper()
	const index = "Error indexing method 'Functions.GuardDutyTimer'"
	short := "Microsoft.Azure.WebJobs.Host: " + index + ". " + source + ": " + text
	for _, want := range []string{
		"fail: Host.Startup[0]\n      " + index + "\n" +
			"      Microsoft.Azure.WebJobs.Host.Indexers.FunctionIndexingException: " + index + "\n" +
			"       ---> " + exception + ": " + text + "\n",
		"fail: Function.GuardDutyTimer[0]\n      " + short + "\n",
		"warn: Host.Startup[0]\n      Function 'Functions.GuardDutyTimer' failed indexing and will be disabled.\n",
		"fail: Host.Startup[402]\n      The 'GuardDutyTimer' function is in error: " + short + "\n",
	} {
		if !strings.Contains(f.console.String(), want) {
			f.t.Errorf("console = %s, want %s", f.console, want)
		}
	}
}

func TestFunctionSwitchedOff(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"setting": func(f *fixture) { setting(f, "AzureWebJobs.GuardDutyTimer.Disabled", "true") },
		"file":    func(f *fixture) { f.app(fn+"/function.json", `{"disabled":true,`+timerJSON[1:]) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			change(f)
			h := f.start()
			if _, err := h.Invoke(t.Context(), fn); err == nil ||
				strings.Contains(f.console.String(), "Error indexing") {
				t.Errorf("Invoke() = %v, console %s, want an error and no word of indexing", err, f.console)
			}
		})
	}
}

func TestUnknownFunction(t *testing.T) {
	h := newFixture(t).start()
	if _, err := h.Invoke(t.Context(), "Other"); err == nil || h.Disabled("Other") == nil || h.Disabled(fn) != nil {
		t.Errorf("Invoke(Other) = %v, Disabled(%s) = %v, want an error and nil", err, fn, h.Disabled(fn))
	}
}

// A handler that never listens, or that exits at once, ends the host.
func TestHandlerThatNeverComesUp(t *testing.T) {
	const patient, hasty = "00:10:00", "00:00:00.2500000"
	for mode, tt := range map[string]struct{ timeout, want string }{
		"deaf":   {hasty, "System.TimeoutException: Initializing HttpWorker timed out."},
		"exit:7": {patient, "bin/handler exited with code 7 (0x7)"},
		"exit:0": {hasty, "System.TimeoutException: Initializing HttpWorker timed out."},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			setting(f, modeEnv, mode)
			f.app(
				"host.json",
				strings.Replace(hostJSON, `"customHandler":{`,
					`"customHandler":{"initializationTimeout":"`+tt.timeout+`",`, 1),
			)
			_, err := funchost.Start(t.Context(), f.cfg)
			console := f.console.String()
			if !errors.Is(err, funchost.ErrStopped) || strings.Count(console, tt.want) != 3 ||
				!strings.Contains(console, "Exceeded http worker restart retry count.") {
				t.Errorf("Start() = %v, console %s, want ErrStopped after three times %q", err, console, tt.want)
			}
		})
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	f := newFixture(t)
	setting(f, modeEnv, "deaf")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		f.await("start")
		cancel()
	}()
	if _, err := funchost.Start(ctx, f.cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("Start() = %v, want context.Canceled", err)
	}
	f.await("gone")
}

func TestHostJSONFaults(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(hostJSON, old, new, 1) }
	for text, want := range map[string]string{
		"{":                           "unexpected end",
		`{"version":"2.0"}`:           "customHandler: missing",
		with(`"2.0"`, `"1.0"`):        "version",
		with(`"version"`, `"verson"`): `"verson"`,
		with(`functionTimeout`, `functionTimeOut`):                          `"functionTimeOut"`,
		with(`"00:30:00"`, `"30s"`):                                         `functionTimeout: "30s"`,
		with(`"00:30:00"`, `"10"`):                                          `functionTimeout: "10"`,
		with(`"00:30:00"`, `"00:60:00"`):                                    `functionTimeout: "00:60:00"`,
		with(`"00:30:00"`, `"00:00:00"`):                                    `functionTimeout: "00:00:00"`,
		with(`"00:30:00"`, `30`):                                            "functionTimeout: 30",
		with(`"bin/handler"`, `""`):                                         "defaultExecutablePath: missing",
		with(`defaultExecutablePath`, `path`):                               `"path"`,
		with(`[]`, `"-v"`):                                                  "arguments",
		with(`[]`, `["a b"]`):                                               `"a b"`,
		with(`"description"`, `"initializationTimeout":"30","description"`): `initializationTimeout: "30"`,
		with(`"description"`, `"port":70000,"description"`):                 "port: 70000",
	} {
		t.Run(want, func(t *testing.T) {
			f := newFixture(t)
			f.app("host.json", text)
			if _, err := funchost.Start(t.Context(), f.cfg); err == nil || !strings.Contains(err.Error(), want) ||
				!strings.Contains(err.Error(), "host.json") {
				t.Errorf("Start(%s) = %v, want an error about host.json with %s", text, err, want)
			}
		})
	}
}

func TestFunctionJSONFaults(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(timerJSON, old, new, 1) }
	for text, want := range map[string]string{
		"{":                                 "unexpected EOF",
		`{"bindings":[]}`:                   "no binding of type timerTrigger",
		with(`timerTrigger`, `httpTrigger`): "no binding of type timerTrigger",
		with(`"name":"timer",`, ``):         "a name, a schedule",
		with(`useMonitor`, `monitor`):       `"monitor"`,
		with(`false`, `"%RUN%"`):            "runOnStartup",
		`{"retry":{},` + timerJSON[1:]:      "retry",
	} {
		t.Run(want, func(t *testing.T) {
			f := newFixture(t)
			f.app(fn+"/function.json", text)
			if _, err := funchost.Start(t.Context(), f.cfg); err == nil || !strings.Contains(err.Error(), want) ||
				!strings.Contains(err.Error(), "function.json") {
				t.Errorf("Start(%s) = %v, want an error about function.json with %s", text, err, want)
			}
		})
	}
}

func TestAppFolderFaults(t *testing.T) {
	for want, change := range map[string]func(*fixture){
		"host.json":        func(f *fixture) { f.cfg.AppDir = filepath.Join(f.cfg.AppDir, "bin") },
		"no function.json": func(f *fixture) { _ = os.Remove(filepath.Join(f.cfg.AppDir, fn, "function.json")) },
		"no such folder":   func(f *fixture) { f.cfg.Missed = map[string]time.Time{"Other": noon} },
		"no status is kept": func(f *fixture) {
			f.cfg.Missed = map[string]time.Time{fn: noon}
			setting(f, "GUARDDUTY_SCHEDULE", "* * * * * *")
		},
	} {
		t.Run(want, func(t *testing.T) {
			f := newFixture(t)
			change(f)
			if _, err := funchost.Start(t.Context(), f.cfg); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Start() = %v, want an error with %s", err, want)
			}
		})
	}
}

// A setting takes the place of functionTimeout.
func TestTimeoutOfTheSettings(t *testing.T) {
	for _, name := range []string{
		"AzureFunctionsJobHost__functionTimeout", "AZUREFUNCTIONSJOBHOST__FUNCTIONTIMEOUT",
	} {
		f := newFixture(t)
		setting(f, name, "00:00:01")
		if inv := f.run(f.start()); !strings.HasPrefix(inv.Exception, "Microsoft.Azure.WebJobs.Host."+
			"FunctionTimeoutException: Timeout value of 00:00:01 was exceeded") {
			t.Errorf("Invoke() with %s = %+v, want the time-out of the setting", name, inv)
		}
	}
	for name, value := range map[string]string{
		"AzureFunctionsJobHost__functionTimeout":   "10m",
		"AzureFunctionsJobHost__logging__logLevel": "Warning",
	} {
		f := newFixture(t)
		setting(f, name, value)
		if _, err := funchost.Start(t.Context(), f.cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Start() with %s=%s = %v, want an error that names the setting", name, value, err)
		}
	}
}

// A folder of its own, a command found on the path, and no time limit.
func TestWorkingDirectoryAndCommand(t *testing.T) {
	f := newFixture(t)
	t.Setenv("PATH", filepath.Join(f.cfg.AppDir, "bin")+":"+os.Getenv("PATH"))
	f.app("work/README", "")
	f.app(
		"host.json",
		`{"version":"2.0","functionTimeout":"-1","customHandler":{"description":{"defaultExecutablePath":"handler","workingDirectory":"work"}}}`,
	)
	h := f.start()
	if dir, want := f.await("start").Dir, filepath.Join(f.cfg.AppDir, "work"); dir != want {
		t.Errorf("working folder = %s, want %s", dir, want)
	}
	if inv := f.invoke(h, good()); !inv.Succeeded {
		t.Errorf("Invoke() = %+v, want success", inv)
	}
}

// Each function has runs of its own, side by side.
func TestTwoFunctions(t *testing.T) {
	f := newFixture(t)
	f.app("Other/function.json", strings.Replace(timerJSON, `"timer"`, `"tick"`, 1))
	h := f.start()
	done := make(chan funchost.Invocation)
	go func() { done <- f.run(h) }()
	f.await("post")
	go func() {
		inv, err := h.Invoke(t.Context(), "Other")
		if err != nil {
			t.Errorf("Invoke(Other) = %v, want nil", err)
		}
		done <- inv
	}()
	if post := f.await("post"); post.Path != "/Other" || !strings.HasPrefix(post.Body, `{"Data":{"tick":{`) {
		t.Errorf("request = %s %s, want /Other with the key tick", post.Path, post.Body)
	}
	f.answers <- good()
	f.answers <- good()
	names := []string{(<-done).Function, (<-done).Function}
	if slices.Sort(names); !slices.Equal(names, []string{fn, "Other"}) {
		t.Errorf("functions run = %q, want both", names)
	}
}
