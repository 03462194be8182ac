// Handler is the custom handler of a timer-triggered Azure Function that moves
// Amazon GuardDuty findings from an S3 bucket into the Log Analytics table
// AWSGuardDuty_CL.
//
// Without arguments it serves the Functions host on
// 127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT (8080 when that is not set). All
// else comes from the app settings; docs/settings.md lists them.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"guardduty-sentinel/handler/internal/azfunc"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/process"
)

const usage = `handler moves Amazon GuardDuty findings from S3 into AWSGuardDuty_CL.

usage: handler

It takes no arguments: it serves the Azure Functions host on
127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT (8080 when that is not set) and reads
its settings from the environment. To run it on this machine:

  func start        with Azure Functions Core Tools and local.settings.json
  make run          on a local cloud; Go is all that it needs

SIGTERM and SIGINT let a run in progress record its work, at most 20 seconds.
Exit codes:

  0    stopped: by SIGINT, or without a host. The host starts no other handler
  1    failed, such as a port in use; the third time in 30 minutes ends the host
  2    wrong usage
  200  the host starts another handler: after SIGTERM under a host, or when a
       run hung for a minute beyond RUN_BUDGET
`

func main() {
	os.Exit(measured(func() int { return run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr) }))
}

func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
			fmt.Fprint(stdout, usage)
			return exitStopped
		}
		fmt.Fprintf(stderr, "handler: unknown argument %q\n\n%s", args[0], usage)
		return exitUsage
	}
	level := new(slog.LevelVar)
	log := azfunc.NewLogger(stdout, stderr, level)
	ln, hosted, err := listen()
	if err != nil {
		log.Error("cannot listen", slog.Any("error", err))
		return exitFailed
	}
	parent := azfunc.FindParent()
	terminated, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	ctx, cancel := signal.NotifyContext(terminated, os.Interrupt)
	defer cancel()
	// When the host has died the streams to it are broken, and Go would end the
	// process at the first line, before work in flight is delivered and recorded.
	signal.Ignore(syscall.SIGPIPE)
	if hosted {
		ctx, cancel = parent.Context(ctx, parentInterval)
		defer cancel()
	}
	// An app setting that is empty counts as not set; azidentity would look for
	// an identity without a client id.
	if os.Getenv("AZURE_CLIENT_ID") == "" {
		os.Unsetenv("AZURE_CLIENT_ID")
	}

	process.TightenMemory()
	c := newConnector(environ, level, log)
	server := &azfunc.Server{
		Functions: map[string]azfunc.Run{"GuardDutyTimer": c.run},
		Log:       log,
		PanicError: func(v any) error {
			return &fault.Fault{Code: fault.Panic, What: "internal error", Err: fault.Line(fmt.Errorf("panic: %v", v))}
		},
		Limit:   c.budget() + overrunGrace,
		Overrun: func(invocation string) { abandon(stderr, invocation) },
	}
	log.Info("listening", slog.String("address", ln.Addr().String()))
	err = server.Serve(ctx, ln, stopGrace)
	end := stop{hosted: hosted, orphaned: parent.Gone(), terminated: terminated.Err() != nil, err: err}
	azfunc.LastWords(func() { end.log(log) })
	return end.exitCode()
}

// listen listens on the port that the host chose, and reports whether there is
// a host.
func listen() (ln net.Listener, hosted bool, err error) {
	const setting = "FUNCTIONS_CUSTOMHANDLER_PORT"
	port, hosted := os.LookupEnv(setting)
	if !hosted {
		port = "8080"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return nil, hosted, fmt.Errorf("%s: %q is not a port from 1 to 65535", setting, port)
	}
	ln, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
	return ln, hosted, err
}
