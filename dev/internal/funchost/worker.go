package funchost

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// keptErrors is how many of the last stderr lines a crash report quotes.
const keptErrors = 3

// worker is one handler process.
type worker struct {
	id         string
	executable string // as it is started
	pid        int
	base       string // http://127.0.0.1:PORT
	cmd        *exec.Cmd
	transport  *http.Transport
	pumps      []*pump
	reading    sync.WaitGroup

	exited  chan struct{} // closed when the process has gone and its output is on record
	handled chan struct{} // closed when the supervisor has dealt with the exit
	code    int           // as .NET counts it; valid once exited is closed

	mu     sync.Mutex
	stderr []string // the last error lines
}

// startWorker starts a handler as the real host does: the host's environment,
// the app settings and the five variables of the protocol; stdin empty; the
// host's own process group.
func (h *Host) startWorker() (*worker, error) {
	w := &worker{
		id:         newGUID(),
		executable: h.app.path(),
		base:       "http://127.0.0.1:" + strconv.Itoa(h.port),
		transport:  &http.Transport{DisableCompression: true, Proxy: hostProxy(h.setting)},
		exited:     make(chan struct{}),
		handled:    make(chan struct{}),
	}
	cmd := exec.Command(w.executable, h.app.arguments...)
	cmd.Dir = h.app.workingDir
	cmd.Env = h.workerEnv(w.id)
	stdout, err := w.pipe(func(line string) { h.console(w, line, false) })
	if err != nil {
		return nil, err
	}
	stderr, err := w.pipe(func(line string) { h.console(w, line, true) })
	if err != nil {
		w.closePumps()
		return nil, errors.Join(err, stdout.Close())
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Start()
	_, _ = stdout.Close(), stderr.Close() // the handler has its own copies
	if err != nil {
		w.closePumps()
		return nil, fmt.Errorf("start: %w", err)
	}
	w.cmd, w.pid = cmd, cmd.Process.Pid
	for _, p := range w.pumps {
		w.reading.Go(p.run)
	}
	go w.wait() // ends with the process, even one left alive by Shutdown
	return w, nil
}

func (w *worker) pipe(emit func(string)) (*os.File, error) {
	p, end, err := newPump(emit)
	if err != nil {
		return nil, err
	}
	w.pumps = append(w.pumps, p)
	return end, nil
}

func (h *Host) workerEnv(id string) []string {
	env := append([]string(nil), h.cfg.Environ...)
	for name, value := range h.cfg.Settings {
		env = append(env, name+"="+value)
	}
	port := strconv.Itoa(h.port)
	return append(env,
		"FUNCTIONS_CUSTOMHANDLER_PORT="+port,
		"FUNCTIONS_HTTPWORKER_PORT="+port,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id,
		"FUNCTIONS_HTTPWORKER_ID="+id,
		"FUNCTIONS_APP_ROOT_PATH="+h.app.dir,
	)
}

// wait reaps the process. .NET counts death by a signal as 128 and its number.
func (w *worker) wait() {
	// The error repeats what the process state says.
	_ = w.cmd.Wait()
	w.code = w.cmd.ProcessState.ExitCode()
	if s, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		w.code = 128 + int(s.Signal())
	}
	w.drain()
	close(w.exited)
}

func (w *worker) gone() bool {
	select {
	case <-w.exited:
		return true
	default:
		return false
	}
}

// kill ends the process at once, as the real host does: no SIGTERM first.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill() // an error means that it has gone already
	<-w.exited
	w.dispose()
}

// dispose frees what the host holds of a worker, which may still be alive.
func (w *worker) dispose() {
	w.closePumps()
	w.transport.CloseIdleConnections()
}

func (w *worker) closePumps() {
	for _, p := range w.pumps {
		p.close()
	}
	w.reading.Wait()
}

func (w *worker) drain() {
	for _, p := range w.pumps {
		p.drain()
	}
}

// console records one line of the handler's output.
func (h *Host) console(w *worker, line string, isError bool) {
	if strings.HasPrefix(line, "LanguageWorkerConsoleLog") || strings.HasPrefix(line, "azfuncjsonlog:") {
		return // for the platform's own log, which the app's owner does not see
	}
	r := Record{Category: CategoryConsole, Message: line}
	if isError {
		r.Level = h.stderrLevel(line)
	}
	if r.Level == Error {
		w.mu.Lock()
		w.stderr = append(w.stderr, line)
		w.stderr = w.stderr[max(0, len(w.stderr)-keptErrors):]
		w.mu.Unlock()
	}
	h.journal.add(r)
}

func (h *Host) stderrLevel(line string) Level {
	lower := strings.ToLower(line)
	if strings.Contains(lower, "warn") {
		return Warning
	}
	if h.app.errorsOnly {
		return Error
	}
	for _, word := range []string{"error", "fail", "severe", "unhandled exception"} {
		if strings.Contains(lower, word) {
			return Error
		}
	}
	return Information
}

// exitText describes a bad exit, with the handler's last error lines.
func (w *worker) exitText() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, line := range w.stderr {
		if line != "" {
			lines = append(lines, line)
		}
	}
	text := fmt.Sprintf(
		"Language Worker Process exited. Pid=%d.\n"+
			"Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException: %s exited with code %d (0x%X)\n"+
			" ---> System.Exception",
		w.pid,
		w.executable,
		w.code,
		w.code,
	)
	if len(lines) > 0 {
		text += ": " + strings.Join(lines, ",")
	}
	return text
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
