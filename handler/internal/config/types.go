package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// wantError says what a setting takes; the fault adds its name and value.
type wantError string

func (e wantError) Error() string { return string(e) }

// Each type below is the text of one kind of setting, checked as it is read.
type (
	bucketName  string
	keyPrefix   string
	accountID   string
	regionName  string
	serviceURL  string
	endpointURL string
	secretName  string
	roleARN     string
	externalID  string
	audience    string
	settingName string
	tableName   string
	ruleID      string
	streamName  string
	findingList []string
	accountList []string
)

// Patterns of whole values, where one says all. Sources: Amazon S3 User Guide,
// "General purpose bucket naming rules"; Key Vault documentation, "About keys,
// secrets and certificates"; "Understanding the Table service data model".
const (
	bucketPattern   = `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`
	accountPattern  = `[0-9]{12}`
	regionPattern   = `[a-z]{2,}(-[a-z]+)+-[0-9]+`
	secretPattern   = `[0-9A-Za-z-]{1,127}`
	rolePattern     = `arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+`
	audiencePattern = `\S{1,512}`
	tablePattern    = `[A-Za-z][A-Za-z0-9]{2,62}`
	rulePattern     = `dcr-[0-9a-f]{32}`
	streamPattern   = `Custom-[A-Za-z0-9_]{1,100}`

	maxExternalID = 1224 // AWS STS API reference, AssumeRole; more than a pattern can count
)

// matched stores text in to when pattern matches the whole of it.
func matched[T ~string](to *T, text []byte, pattern, want string) error {
	if !regexp.MustCompile(`^(?:` + pattern + `)$`).Match(text) {
		return wantError(want)
	}
	*to = T(text)
	return nil
}

func (v *bucketName) UnmarshalText(b []byte) error {
	return matched(v, b, bucketPattern, "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, "+
		"without s3:// or a path")
}

// A partition key of the table service has at most 512 characters (Azure Storage,
// "Understanding the Table service data model": 1 KiB). It is made of the bucket
// and the prefix, whose odd bytes are written as three.
const maxPrefix = 400

var plainPattern = regexp.MustCompile(`[A-Za-z0-9_./-]`)

func (v *keyPrefix) UnmarshalText(b []byte) error {
	s := strings.TrimSuffix(string(b), "/")
	if strings.HasPrefix(string(b), "/") || strings.Contains(string(b), "//") ||
		slices.Contains(strings.Split(s, "/"), "AWSLogs") {
		return wantError("the prefix set in GuardDuty: what comes before AWSLogs/, without a leading slash")
	}
	if len(s)+2*len(plainPattern.ReplaceAllString(s, "")) > maxPrefix {
		return wantError("a prefix of at most 400 bytes, where each that is not a letter, a digit or one of -_./ " +
			"counts as three: the state table takes no more")
	}
	*v = keyPrefix(s)
	return nil
}

func (v *accountID) UnmarshalText(b []byte) error {
	return matched(v, b, accountPattern, "an AWS account id of 12 digits")
}

func (v *regionName) UnmarshalText(b []byte) error {
	return matched(v, b, regionPattern, "an AWS region such as eu-west-1")
}

// A key in the place of its secret's name is refused: the name is shown in
// faults and is part of a URL.
func (v *secretName) UnmarshalText(b []byte) error {
	if awsKey(string(b)) {
		return wantError("the name of a Key Vault secret: it looks like the key itself, which belongs in the vault")
	}
	return matched(v, b, secretPattern, "the name of a Key Vault secret: 1 to 127 letters, digits and hyphens")
}

func (v *roleARN) UnmarshalText(b []byte) error {
	return matched(v, b, rolePattern, "the ARN of an IAM role, arn:aws:iam::ACCOUNT:role/NAME")
}

func (v *externalID) UnmarshalText(b []byte) error {
	const want = "an external id: 2 to 1,224 letters, digits and _+=,.@:/-"
	if len(b) < 2 || len(b) > maxExternalID {
		return wantError(want)
	}
	return matched(v, b, `[\w+=,.@:/-]+`, want)
}

func (v *audience) UnmarshalText(b []byte) error {
	return matched(v, b, audiencePattern, "an application id URI such as api://guardduty-sentinel")
}

func (v *settingName) UnmarshalText(b []byte) error {
	const want = "the name of a storage connection, such as AzureWebJobsStorage"
	if awsKey(string(b)) { // the name is shown in faults
		return wantError(want)
	}
	return matched(v, b, `[A-Za-z][A-Za-z0-9_]{0,126}`, want)
}

func (v *tableName) UnmarshalText(b []byte) error {
	return matched(v, b, tablePattern, "a table name: 3 to 63 letters and digits, a letter first")
}

func (v *ruleID) UnmarshalText(b []byte) error {
	return matched(v, b, rulePattern, "the immutable id of a data collection rule, dcr- and 32 hexadecimal digits "+
		"(not its name or resource id)")
}

func (v *streamName) UnmarshalText(b []byte) error {
	return matched(v, b, streamPattern, "a stream of the data collection rule, such as Custom-AWSGuardDuty_CL")
}

func (v *serviceURL) UnmarshalText(b []byte) error {
	u, err := url.Parse(string(b))
	if err != nil || u.Scheme != "https" || !bareHost(u) {
		return wantError("an address of the form https://HOST without a path")
	}
	*v = serviceURL("https://" + u.Host)
	return nil
}

// An endpoint that replaces AWS's own may be plain http on this machine only.
func (v *endpointURL) UnmarshalText(b []byte) error {
	u, err := url.Parse(string(b))
	if err != nil || !bareHost(u) || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u)) {
		return wantError("an address of the form https://HOST without a path (http:// only for a loopback host)")
	}
	*v = endpointURL(u.Scheme + "://" + u.Host)
	return nil
}

// bareHost reports whether u names a host and nothing below it.
func bareHost(u *url.URL) bool {
	return u.Hostname() != "" && u.User == nil && (u.Path == "" || u.Path == "/") &&
		u.RawQuery == "" && u.Fragment == ""
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (v *accountList) UnmarshalText(b []byte) error {
	for item := range strings.SplitSeq(string(b), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		var account accountID
		if account.UnmarshalText([]byte(item)) != nil {
			return wantError("a comma-separated list of AWS account ids of 12 digits each")
		}
		*v = append(*v, string(account))
	}
	return nil
}

func (v *findingList) UnmarshalText(b []byte) error {
	entry := regexp.MustCompile(`^[A-Za-z0-9]+:(\*|[A-Za-z0-9]+/[^\s*]+)$`)
	for item := range strings.SplitSeq(string(b), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if !entry.MatchString(item) {
			return wantError("a comma-separated list of finding types such as Recon:EC2/Portscan, or Recon:* for " +
				"all of one purpose")
		}
		*v = append(*v, item)
	}
	return nil
}
