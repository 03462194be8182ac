package config_test

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSchedulesThatAreMeant: what the host takes and people write gives no
// notice. Names, lists and backward ranges are as NCrontab reads them.
func TestSchedulesThatAreMeant(t *testing.T) {
	for _, value := range []string{
		"0 */5 * * * *", "*/5 * * * *", "  0   */5 * * * * ", "0 0 */6 * * *", "0 0 3 * * *", "59 59 23 * * *",
		"0 0 3 * 1-12 0-6", "0 0 3 * * sunday-sat", "0 0 3 * January-dec *", "0 0 3 * j-d *",
		"0 0 3 * * SU,Monday,tue-S,1-6",
		"0 50-10 * * * *", "0 */60 * * * *", "0 */0 * * * *", "0 */-1 * * * *", "0 5/15 * * * *", "0 0,30 8-18/2 * * *",
		"0 00 03 * * *", "0 */1,7 * * * *",
	} {
		if c, err := read("GUARDDUTY_SCHEDULE", value); err != nil || len(c.Notices) != 0 {
			t.Errorf("GUARDDUTY_SCHEDULE=%q = %v and %q, want neither fault nor notice", value, err, c.Notices)
		}
	}
}

// TestSchedulesThatTheHostRefuses: the run works and says why no other comes.
func TestSchedulesThatTheHostRefuses(t *testing.T) {
	const disabled = ". The host disables the timer: no run will come"
	no := func(why string) string { return "is not a schedule such as 0 */5 * * * *: " + why + disabled }
	fields := func(n string) string {
		return no("it needs six fields (second minute hour day month day-of-week) and has " + n)
	}
	tests := map[string]string{
		"*/5 * * *":         fields("4"),
		"0 */5 * * * * *":   fields("7"),
		"@hourly":           fields("1"),
		"60 * * * * *":      no(`"60" does not fit the field of the second, 0 to 59`),
		"0 60 * * * *":      no(`"60" does not fit the field of the minute, 0 to 59`),
		"0 0 24 * * *":      no(`"24" does not fit the field of the hour, 0 to 23`),
		"0 0 0 0 * *":       no(`"0" does not fit the field of the day, 1 to 31`),
		"0 0 0 * 13 *":      no(`"13" does not fit the field of the month, 1 to 12`),
		"0 0 0 * * 7":       no(`"7" does not fit the field of the day of week, 0 to 6`),
		"0 0 0 * * Sundays": no(`"Sundays" does not fit the field of the day of week, 0 to 6`),
		"0 */x * * * *":     no(`"*/x" does not fit the field of the minute, 0 to 59`),
		"0 1-2-3 * * * *":   no(`"1-2-3" does not fit the field of the minute, 0 to 59`),
		"0 1,,2 * * * *":    no(`"" does not fit the field of the minute, 0 to 59`),
		"* * * * ?":         no(`"?" does not fit the field of the day of week, 0 to 6`),
		"99:00:00.x":        fields("1"),
		"24:30:00":          fields("1"), // 24 days and 30 hours
		"00:60:00":          fields("1"),
		`"0 */5 * * * *"`:   "is in quotes: remove them" + disabled,
		"%OTHER_SCHEDULE%": "names another setting, which the host does not look up a second time: " +
			"write the schedule itself" + disabled,
		"@Microsoft.KeyVault(VaultName=kv;SecretName=x)": "is a reference to KeyVault that the platform " +
			"did not resolve: check its form, and that the app's identity may read what it names" + disabled,
		"0 0 0 31 2 *":     "names days that do not exist. No run will come",
		"0 0 0 31 4,6,9 *": "names days that do not exist. No run will come",
	}
	for value, want := range tests {
		expectNotice(t, value, slog.LevelError, want)
	}
}

// TestSchedulesThatMeanSomethingElse: the host takes them.
func TestSchedulesThatMeanSomethingElse(t *testing.T) {
	minute := func(n string) string {
		return "means " + n + " runs in each minute that it names: for one, begin it with 0"
	}
	span := func(every string) string {
		return "is a time span, a run " + every + ". Consumption plans refuse it: write fields such as 0 */5 * * * *"
	}
	tests := map[string]string{
		"* */5 * * * *":    minute("60"),
		"*/15 * * * * *":   minute("4"),
		"0,30 * * * * *":   minute("2"),
		"0 */90 * * * *":   "has */90, a step beyond its field: one value is left of it",
		"0 0 3 * * 1-5":    "leaves up to 3d between two runs",
		"0 0 8-18 * * 1-5": "leaves up to 2d14h between two runs",
		"0 0 0 1 * *":      "leaves up to 31d between two runs",
		"0 0 0 29 2 *":     "leaves up to 1461d between two runs",
		"0 0 0 */2 * *":    "leaves up to 2d between two runs",
		"5":                span("every 5d"),
		"24:00:00":         span("every 24d"),
		"00:05:00":         span("every 5m"),
		"00:00:30":         span("every 30s"),
		"1.12:00":          span("every 1d12h"),
		"1.00:00:00":       span("every 1d"),
		"2:01:00:00.5":     span("every 2d1h0m0.5s"),
		"0":                span("as soon as the last has ended"),
		"-1":               span("as soon as the last has ended"),
	}
	for value, want := range tests {
		expectNotice(t, value, slog.LevelWarn, want)
	}
}

// TestTimeSpanOnConsumptionPlans: their hosts take fields only.
func TestTimeSpanOnConsumptionPlans(t *testing.T) {
	for _, sku := range []string{"FlexConsumption", "Dynamic"} {
		want := "is a time span, a run every 5m. On this plan the host disables the timer for it: " +
			"write fields such as 0 */5 * * * *"
		expectNotice(t, "00:05:00", slog.LevelError, want, "WEBSITE_SKU", sku)
	}
}

// TestNoSchedule: under a host only, since none is needed without one.
func TestNoSchedule(t *testing.T) {
	const port = "FUNCTIONS_CUSTOMHANDLER_PORT"
	tests := map[string][]string{
		"GUARDDUTY_SCHEDULE is not set: the host disables the timer, and no run will come": {port, "41000"},
		"GUARDDUTY_SCHEDULE is not set (guardduty_schedule is set: names are case-sensitive, " +
			"rename it to GUARDDUTY_SCHEDULE): the host disables the timer, and no run will come": {
			port, "41000", "guardduty_schedule", "0 */5 * * * *"},
	}
	for want, changes := range tests {
		c, err := read(changes...)
		if got := notices(c, slog.LevelWarn); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("FromEnv with %q = %v and %q, want %q", changes, err, c.Notices, want)
		}
	}
	if c, err := read(); err != nil || len(c.Notices) != 0 {
		t.Errorf("FromEnv without a host = %v and %q, want neither fault nor notice", err, c.Notices)
	}
}

// TestScheduleShowsNoSecret: whatever is put in its place.
func TestScheduleShowsNoSecret(t *testing.T) {
	c, err := read("GUARDDUTY_SCHEDULE", "0 0 0 * * "+awsKey)
	if got := notices(c, slog.LevelError); err != nil || len(got) != 1 || strings.Contains(got[0], awsKey) {
		t.Errorf("FromEnv = %v and %q, want a notice without %s", err, c.Notices, awsKey)
	}
	c, err = read("GUARDDUTY_SCHEDULE", connectionString("acct1"))
	want := "GUARDDUTY_SCHEDULE: [redacted] is not a schedule such as 0 */5 * * * *: " +
		"it needs six fields (second minute hour day month day-of-week) and has 1. " +
		"The host disables the timer: no run will come"
	if got := notices(c, slog.LevelError); err != nil || !slices.Equal(got, []string{want}) {
		t.Errorf("FromEnv = %v and %q, want %q", err, c.Notices, want)
	}
}

// expectNotice reads a schedule and wants one notice of it, and no fault.
func expectNotice(t *testing.T, value string, level slog.Level, want string, changes ...string) {
	t.Helper()
	c, err := read(append(changes, "GUARDDUTY_SCHEDULE", value)...)
	want = "GUARDDUTY_SCHEDULE: " + strconv.Quote(value) + " " + want
	if got := notices(c, level); err != nil || !slices.Equal(got, []string{want}) || len(c.Notices) != 1 {
		t.Errorf("GUARDDUTY_SCHEDULE=%q = %v and %q, want the one notice %s", value, err, c.Notices, want)
	}
}
