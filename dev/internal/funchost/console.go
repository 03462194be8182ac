package funchost

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// announce prints what the real host prints before the handler is up.
func (h *Host) announce() {
	names := slices.Sorted(maps.Keys(h.functions))
	var found strings.Builder
	found.WriteString("Found the following functions:\n")
	enabled := 0
	for _, name := range names {
		f := h.functions[name]
		if f.disabled == nil {
			enabled++
			found.WriteString("Host.Functions." + name + "\n")
			continue
		}
		h.announceDisabled(f)
	}
	if enabled > 0 {
		h.journal.add(Record{Category: categoryStartup, Message: found.String()})
	}
	h.journal.add(Record{
		Category: categoryRoutes,
		Message:  "Initializing function HTTP routes\nNo HTTP routes mapped\n",
	})
}

// announceStarted prints what the real host prints once it is up.
func (h *Host) announceStarted(took time.Duration) {
	h.journal.add(Record{
		Category: categoryStartup,
		Event:    412,
		Message:  fmt.Sprintf("Host initialized (%dms)", took.Milliseconds()),
	})
	for _, name := range slices.Sorted(maps.Keys(h.functions)) {
		if f := h.functions[name]; f.disabled == nil {
			h.journal.add(Record{Category: categoryTimer, Event: 5, Message: f.occurrences(h.cfg.Now())})
		}
	}
	h.journal.add(Record{
		Category: categoryStartup,
		Event:    413,
		Message:  fmt.Sprintf("Host started (%dms)", took.Milliseconds()),
	})
	h.journal.add(Record{Category: categoryStartup, Message: "Job host started"})
}
