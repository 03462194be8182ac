package logsingestion_test

import (
	"regexp"
	"slices"
	"testing"

	"guardduty-sentinel/handler/internal/logsingestion"
)

// others are the columns that are not simply filled from a path.
var others = []logsingestion.Column{
	{Name: "TimeGenerated", Type: "datetime", Path: "updatedAt"},
	{Name: "AdditionalFields", Type: "dynamic"},
	{Name: "SourceObject_s", Type: "string"},
	{Name: "ForeignFolder_b", Type: "boolean"},
	{Name: "Truncated_b", Type: "boolean"},
	{Name: "TruncatedColumns_s", Type: "string"},
}

// The table and the rule are made from the schema file. A column that is
// only in the encoder is dropped silently by the service; one that is only in
// the file stays empty for ever.
func TestContractColumnsAreThoseOfTheSchema(t *testing.T) {
	encoder := append(logsingestion.PathColumns(), others...)
	var declared []logsingestion.Column
	for _, c := range schema(t) {
		declared = append(declared, logsingestion.Column{Name: c.Name, Type: c.Type, Path: c.Source})
	}
	for _, c := range encoder {
		if !slices.Contains(declared, c) {
			t.Errorf("the encoder has %+v, which infra/schema/guardduty.columns.json has not", c)
		}
	}
	for _, c := range declared {
		if !slices.Contains(encoder, c) {
			t.Errorf("infra/schema/guardduty.columns.json has %+v, which the encoder has not", c)
		}
	}
	if len(encoder) != len(declared) {
		t.Errorf("%d columns of the encoder, want the %d of the schema", len(encoder), len(declared))
	}
}

// Azure Monitor refuses a table with other names, and keeps the reserved ones
// for itself.
func TestContractColumnNamesAreOnesThatATableTakes(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{1,44}$`)
	reserved := []string{
		"id", "Type", "Title", "TenantId", "UniqueId", "BilledSize", "IsBillable", "InvalidTimeGenerated",
		"_ResourceId", "_SubscriptionId", "_ItemId", "_ResourceGroup", "_TimeReceived",
	}
	seen := map[string]bool{}
	for _, c := range append(logsingestion.PathColumns(), others...) {
		if !form.MatchString(c.Name) || slices.Contains(reserved, c.Name) || seen[c.Name] {
			t.Errorf("%q is not a name for a column: 2 to 45 letters, digits and underscores, not reserved, once",
				c.Name)
		}
		seen[c.Name] = true
	}
}

// Queries written for the table of the HTTP Data Collector API name these.
func TestContractClassicColumns(t *testing.T) {
	names := map[string]string{}
	for _, c := range append(logsingestion.PathColumns(), others...) {
		names[c.Name] = c.Type
	}
	for name, kind := range map[string]string{
		"TimeGenerated": "datetime", "Severity": "real", "type_s": "string", "title_s": "string", "id_g": "string",
		"resource_resourceType_s": "string", "service_resourceRole_s": "string", "service_detectorId_g": "string",
		"service_count_d": "real", "service_archived_b": "boolean", "createdAt_t": "datetime",
		"updatedAt_t": "datetime", "service_eventFirstSeen_t": "datetime",
		"service_eventLastSeen_t": "datetime", "ResourceDetails": "dynamic", "ServiceDetails": "dynamic",
	} {
		if names[name] != kind {
			t.Errorf("column %s has type %q, want %q", name, names[name], kind)
		}
	}
}
