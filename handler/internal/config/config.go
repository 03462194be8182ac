// Package config reads the app settings and checks them all at once.
//
// A setting that is malformed, half-set or missing is a fault that names the
// setting, its value and what was wanted; it is never replaced by a default.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"guardduty-sentinel/handler/internal/secret"
)

// Config is the checked settings. The tags name the setting of each field;
// settings.go has all else about them.
type Config struct {
	Bucket bucketName `env:"S3_BUCKET"`
	Prefix keyPrefix  `env:"S3_PREFIX"`       // before AWSLogs/, without the closing slash
	Owner  accountID  `env:"S3_BUCKET_OWNER"` // of the bucket; empty for any
	Region regionName `env:"AWS_REGION"`

	Accounts       accountList `env:"ACCOUNTS"`               // whose folders are read; empty for all
	Administrators accountList `env:"ADMINISTRATOR_ACCOUNTS"` // whose folders may carry findings of any account

	VaultURL serviceURL `env:"KEY_VAULT_URI"` // empty when keyless
	LogLevel slog.Level `env:"LOG_LEVEL"`

	AccessKeyIDSecret     secretName `env:"AWS_ACCESS_KEY_ID_SECRET"`
	SecretAccessKeySecret secretName `env:"AWS_SECRET_ACCESS_KEY_SECRET"`
	RoleARN               roleARN    `env:"AWS_ROLE_ARN"`              // role to assume; empty for none
	RoleExternalID        externalID `env:"AWS_ROLE_EXTERNAL_ID"`      // for AssumeRole with the key pair
	WebIdentityAudience   audience   `env:"AWS_WEB_IDENTITY_AUDIENCE"` // set: keyless

	StateConnection settingName `env:"STATE_CONNECTION"`
	StateTable      tableName   `env:"STATE_TABLE"`
	State           Storage     // what STATE_CONNECTION names

	IngestionURL serviceURL `env:"LOGS_INGESTION_ENDPOINT"`
	RuleID       ruleID     `env:"DCR_IMMUTABLE_ID"`
	Stream       streamName `env:"DCR_STREAM"`

	InitialLookback   time.Duration `env:"INITIAL_LOOKBACK"`
	WatermarkOverlap  time.Duration `env:"WATERMARK_OVERLAP"`
	RunBudget         time.Duration `env:"RUN_BUDGET"`
	FetchConcurrency  int           `env:"FETCH_CONCURRENCY"`
	UploadConcurrency int           `env:"UPLOAD_CONCURRENCY"`
	MaxPairMB         int           `env:"MAX_PAIR_MB"` // millions of bytes of rows

	MinSeverity    float64     `env:"MIN_SEVERITY"`
	ExcludeTypes   findingList `env:"EXCLUDE_FINDING_TYPES"`
	ExcludeSamples bool        `env:"EXCLUDE_SAMPLES"`

	S3Endpoint  endpointURL `env:"AWS_ENDPOINT_URL_S3"`
	STSEndpoint endpointURL `env:"AWS_ENDPOINT_URL_STS"`
	S3PathStyle bool        `env:"S3_PATH_STYLE"`

	Notices []Notice // what a person should know although runs work
}

// Notice is something about the settings that does not keep a run from
// working.
type Notice struct {
	Level slog.Level // LevelWarn, or LevelError where somebody has to act
	Text  string
}

// String is the notice as a line of the run history.
func (n Notice) String() string {
	if n.Level >= slog.LevelError {
		return "Error: " + n.Text
	}
	return "Warning: " + n.Text
}

// Storage says where the state table lives: a connection string, or the
// address of a table service reached with an identity.
type Storage struct {
	ConnectionString secret.String
	TableURL         string // https://ACCOUNT.table.core.windows.net
	ClientID         string // of a user-assigned identity; empty for the default one
}

// Keyless reports whether AWS credentials come from an Entra token and no key
// pair exists.
func (c *Config) Keyless() bool { return c.WebIdentityAudience != "" }

// reader is one reading of the settings.
type reader struct {
	vars   map[string]string // all variables
	bad    map[string]bool   // settings that have a fault
	faults []error

	alike   map[string]lookalike // variables that look like settings
	notices []Notice
}

// warn keeps a notice.
func (r *reader) warn(text string) {
	r.notices = append(r.notices, Notice{Level: slog.LevelWarn, Text: text})
}

// fail keeps a fault of a setting.
func (r *reader) fail(name string, err error) {
	r.bad[name] = true
	r.faults = append(r.faults, err)
}

// FromEnv reads the settings from environ, entries of the form NAME=value, and
// from hostFile, the text of the app's host.json, what the host allows; nil
// where there is none. Its error joins one fault per wrong setting; the Config
// has its notices then too.
func FromEnv(environ []string, hostFile []byte) (*Config, error) {
	var c Config
	r := reader{vars: env.ToMap(environ), bad: make(map[string]bool)}
	r.alike = r.lookalikes()
	r.forms()
	r.references()
	r.parse(&c)
	r.missing()
	r.ranges(&c)
	r.budget(&c, hostFile)
	r.combinations()
	c.State = r.storage()
	r.schedule()
	r.strangers()
	c.Notices = r.notices
	return &c, errors.Join(r.faults...)
}

// parse reads every setting into its field of c: the default where it is not
// set, empty or at fault.
func (r *reader) parse(c *Config) {
	// Nothing else is given to the settings library: it would read a variable
	// without a name into fields without a tag.
	given := make(map[string]string)
	for _, s := range settings {
		given[s.Name] = s.Default
		if value := r.vars[s.Name]; value != "" && !r.bad[s.Name] {
			given[s.Name] = value
		}
	}
	options := env.Options{Environment: given, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[time.Duration](): func(text string) (any, error) { return parseDuration(text) },
	}}
	if err := env.ParseWithOptions(c, options); err != nil {
		r.reword(err)
	}
}

// reword makes faults of what the settings library found, so that each names
// the setting instead of the field.
func (r *reader) reword(err error) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		r.faults = append(r.faults, err)
		return
	}
	for _, e := range all.Errors {
		var pe env.ParseError
		if !errors.As(e, &pe) {
			r.faults = append(r.faults, e)
			continue
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(pe.Name)
		name := field.Tag.Get("env")
		r.fail(name, fault(name, r.vars[name], wanted(field.Type, pe.Err)))
	}
}

// wanted says what a setting of type t takes.
func wanted(t reflect.Type, err error) string {
	var w wantError
	switch {
	case errors.As(err, &w):
		return string(w)
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 90s, 15m, 24h or 7d"
	case t == reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "a whole number"
	default:
		return "a number"
	}
}

// fault is the one form of every fault about a value that is there.
func fault(name, value, want string) error {
	return fmt.Errorf("%s: %s is not %s", name, shown(value), want)
}

const redacted = "[redacted]"

// shown is a value as a fault may show it.
func shown(value string) string {
	if looksSecret(value) {
		return redacted
	}
	return strconv.Quote(shorten(value))
}

// looksSecret reports whether value may hold a key that was put into the wrong
// setting: a connection string, a URL with a signature or a password, an AWS
// key or a storage key. Faults are shown in logs and in the run history.
func looksSecret(value string) bool {
	words := strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(blank+quotes, c) })
	return regexp.MustCompile(`(?i)(key|sig|signature|secret|password|pwd|token)=|://[^/]*@`).MatchString(value) ||
		slices.ContainsFunc(words, awsKey) || regexp.MustCompile(`[A-Za-z0-9+/]{86}==`).MatchString(value)
}

// awsKey reports whether value has the form of an AWS access key id or of a
// secret access key.
func awsKey(value string) bool {
	return regexp.MustCompile(`^((AKIA|ASIA)[A-Z0-9]{16}|[A-Za-z0-9+/]{40})$`).MatchString(value)
}

// shorten keeps a fault readable when somebody pastes a whole file.
func shorten(s string) string {
	const limit = 120
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
