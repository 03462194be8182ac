package guardduty

import "strings"

// Filter decides which findings are sent.
type Filter struct {
	MinSeverity    float64  // a finding below it is dropped
	ExcludeTypes   []string // whole types, or "Purpose:*"
	ExcludeSamples bool
}

// Drops returns the name of the setting that drops the finding, or "". A
// finding without a number for its severity is never dropped for it.
func (f Filter) Drops(finding *Finding) string {
	if finding.Severity != 0 && finding.Severity < f.MinSeverity {
		return "MIN_SEVERITY"
	}
	if f.ExcludeSamples && finding.Sample {
		return "EXCLUDE_SAMPLES"
	}
	for _, pattern := range f.ExcludeTypes {
		purpose, all := strings.CutSuffix(pattern, "*")
		if finding.Type == pattern || all && strings.HasPrefix(finding.Type, purpose) {
			return "EXCLUDE_FINDING_TYPES"
		}
	}
	return ""
}
