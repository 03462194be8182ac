package funchost

import (
	"errors"
	"fmt"
)

// indexingError is why a function is in error: the host disables it and runs
// on.
type indexingError struct {
	exception string // its type in .NET
	source    string // the part of the host that threw it
	text      string // in the host's words
	cause     error  // in ours; may be nil
}

// Error returns the host's words, and ours after them.
func (e *indexingError) Error() string {
	if e.cause == nil {
		return e.text
	}
	return fmt.Sprintf("%s: %v", e.text, e.cause)
}

// announceDisabled says why a function does not run.
func (h *Host) announceDisabled(f *function) {
	e, inError := errors.AsType[*indexingError](f.disabled)
	if !inError {
		h.journal.add(Record{Category: categoryStartup, Message: fmt.Sprintf("Function '%s' is disabled", f.name)})
		return
	}
	index := fmt.Sprintf("Error indexing method 'Functions.%s'", f.name)
	short := fmt.Sprintf("Microsoft.Azure.WebJobs.Host: %s. %s: %s", index, e.source, e.text)
	h.journal.add(Record{Level: Error, Category: categoryStartup, Message: fmt.Sprintf(
		"%s\nMicrosoft.Azure.WebJobs.Host.Indexers.FunctionIndexingException: %s\n ---> %s: %s",
		index, index, e.exception, e.text)})
	h.journal.add(Record{Level: Error, Category: FunctionCategory(f.name), Message: short})
	h.journal.add(Record{Level: Warning, Category: categoryStartup, Message: fmt.Sprintf(
		"Function 'Functions.%s' failed indexing and will be disabled.", f.name)})
	h.journal.add(Record{Level: Error, Category: categoryStartup, Event: 402, Message: fmt.Sprintf(
		"The '%s' function is in error: %s", f.name, short)})
}
