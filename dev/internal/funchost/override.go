package funchost

import (
	"fmt"
	"strings"
)

// jobHost begins the names of settings that take the place of a key of
// host.json. Their case does not matter.
const jobHost = "AzureFunctionsJobHost__"

// override lets settings, and then the configuration, take the place of what
// host.json says. A setting for a key that this host does not look for is an
// error.
func (h *Host) override() error {
	for name, value := range h.cfg.Settings {
		if len(name) < len(jobHost) || !strings.EqualFold(name[:len(jobHost)], jobHost) {
			continue
		}
		if !strings.EqualFold(name[len(jobHost):], "functionTimeout") {
			return fmt.Errorf("setting %s: this host overrides only functionTimeout of host.json", name)
		}
		timeout, err := readFunctionTimeout(value)
		if err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
		h.app.timeout = timeout
	}
	if h.cfg.FunctionTimeout != 0 {
		h.app.timeout = h.cfg.FunctionTimeout
	}
	return nil
}
