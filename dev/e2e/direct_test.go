package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
)

// direct is a handler that the test itself started, without a host.
type direct struct {
	*fixture
	cmd   *exec.Cmd
	port  int
	began time.Time
	ended chan error // gets what Wait returned
}

// launch starts a handler with the settings on a free port. The test's end
// kills it.
func (f *fixture) launch() *direct {
	f.Helper()
	return f.launchInto(&f.output, &f.output)
}

// launchInto does the same with other destinations of the handler's output.
func (f *fixture) launchInto(stdout, stderr io.Writer) *direct {
	f.Helper()
	d := &direct{fixture: f, cmd: exec.Command(handlerFile()), port: f.freePort(), ended: make(chan error, 1)}
	d.cmd.Env = append(append([]string(nil), f.environ...), "FUNCTIONS_CUSTOMHANDLER_PORT="+strconv.Itoa(d.port))
	for name, value := range f.settings {
		d.cmd.Env = append(d.cmd.Env, name+"="+value)
	}
	d.cmd.Stdout, d.cmd.Stderr = stdout, stderr
	d.began = time.Now()
	if err := d.cmd.Start(); err != nil {
		f.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { d.ended <- d.cmd.Wait(); close(gone) }()
	f.Cleanup(func() {
		_ = d.cmd.Process.Kill() // an error means that it has ended
		<-gone
	})
	return d
}

// endsWith waits for the handler's end, which must be of that exit code.
func (d *direct) endsWith(code int) {
	d.Helper()
	select {
	case err := <-d.ended:
		if got := d.cmd.ProcessState.ExitCode(); got != code {
			d.Errorf("the handler ended with %v, want exit %d", err, code)
		}
	case <-time.After(patience):
		d.Fatalf("the handler still runs, want its end with exit %d", code)
	}
}

// ports counts what freePort has returned.
var ports atomic.Int32

// freePort returns a port that is free, and not one that the system gives to
// whoever asks for any, as it might before the handler has it.
func (f *fixture) freePort() int {
	f.Helper()
	for range 2000 {
		port := 30_000 + (os.Getpid()*97+int(ports.Add(1)))%2000
		if ln, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = ln.Close()
			return port
		}
	}
	f.Fatal("no free port")
	panic("unreachable")
}

// answered waits for the first answer and returns how long it took from the
// start of the process.
func (d *direct) answered() time.Duration {
	d.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for {
		resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", d.port))
		took := time.Since(d.began)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				d.Errorf("GET / = %d, want 200", resp.StatusCode)
			}
			return took
		}
		if took > patience {
			d.Fatalf("GET / = %v, want an answer", err)
		}
	}
}
