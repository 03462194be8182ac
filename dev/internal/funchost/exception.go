package funchost

import (
	"errors"
	"fmt"
	"syscall"
)

// exception is an error in the words of the real host, over the cause in ours.
type exception struct {
	text  string
	cause error
}

// Error returns the host's words.
func (e exception) Error() string { return e.text }

// Unwrap returns what really went wrong.
func (e exception) Unwrap() error { return e.cause }

// transportException tells a closed port from a broken connection.
func (h *Host) transportException(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return exception{
			text: fmt.Sprintf(
				"System.Net.Http.HttpRequestException: Connection refused (127.0.0.1:%d)\n"+
					" ---> System.Net.Sockets.SocketException (111): Connection refused",
				h.port,
			),
			cause: err,
		}
	}
	return endedEarly(err)
}

func (h *Host) timeoutException(f *function) error {
	return exception{
		text: fmt.Sprintf(
			"Microsoft.Azure.WebJobs.Host.FunctionTimeoutException: Timeout value of %s was exceeded by function: "+
				"Functions.%s",
			formatTimeSpan(h.app.timeout),
			f.name,
		),
		cause: errTimeout,
	}
}

// failedText is the whole of a failed run's exception, as the portal shows it.
func failedText(f *function, err error) string {
	if errors.Is(err, errTimeout) {
		return err.Error()
	}
	return fmt.Sprintf(
		"Microsoft.Azure.WebJobs.Host.FunctionInvocationException: Exception while executing function: "+
			"Functions.%s\n ---> %v",
		f.name,
		err,
	)
}
