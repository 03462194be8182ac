package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// timeoutSetting overrides functionTimeout of host.json.
const timeoutSetting = "AzureFunctionsJobHost__functionTimeout"

// functionTimeout where nothing sets it: Microsoft, "host.json reference for
// Azure Functions". The Consumption plan is WEBSITE_SKU Dynamic.
const (
	unsetTimeout            = "00:30:00"
	unsetConsumptionTimeout = "00:05:00"
)

// budget holds RUN_BUDGET against the time at which the host kills a run in
// its middle. A run that is killed delivers what is in flight and records
// nothing of it.
func (r *reader) budget(c *Config, hostFile []byte) {
	text, where := r.functionTimeout(hostFile)
	timeout, ok := parseTimeSpan(text)
	if !ok || timeout == -day || r.bad["RUN_BUDGET"] || c.RunBudget < timeout {
		return // -1 sets no limit; with anything else that cannot be read the host does not start
	}
	budget := r.vars["RUN_BUDGET"]
	if budget == "" {
		s, _ := find("RUN_BUDGET")
		budget = s.Default
	}
	r.fail("RUN_BUDGET", fmt.Errorf("RUN_BUDGET: %q is not below functionTimeout, which is %q (%s): "+
		"the host would kill the run, so lower RUN_BUDGET or raise functionTimeout", budget, text, where))
}

// functionTimeout is how long the host lets a run take, and where that is set;
// empty when there is no host to be known of.
func (r *reader) functionTimeout(hostFile []byte) (text, where string) {
	for _, name := range slices.Sorted(maps.Keys(r.vars)) {
		if _, same := inAnyCase(name, []string{timeoutSetting}); same && r.vars[name] != "" {
			return r.vars[name], name
		}
	}
	var host struct{ FunctionTimeout *string }
	if len(hostFile) == 0 {
		return "", ""
	}
	if json.Unmarshal(bytes.TrimPrefix(hostFile, []byte("\xEF\xBB\xBF")), &host) != nil {
		r.warn("host.json is not plain JSON (a comment is not): RUN_BUDGET was not compared with its functionTimeout")
		return "", ""
	}
	switch {
	case host.FunctionTimeout != nil:
		return *host.FunctionTimeout, "host.json"
	case strings.EqualFold(r.vars["WEBSITE_SKU"], "Dynamic"):
		return unsetConsumptionTimeout, "the host's default on the Consumption plan"
	default:
		return unsetTimeout, "the host's default"
	}
}
