package fault

import "strings"

// Code identifies one way to fail. The hundreds name the part: 10 the handler
// itself, 11 Azure identity, 12 Key Vault, 13 S3 and AWS credentials, 14 the
// state table, 15 logs ingestion.
type Code string

// The codes. Catalogue says what each means. A code is never given another
// meaning: GD1310 is one that is no longer in use.
const (
	Settings Code = "GD1001"
	Panic    Code = "GD1002"
	Other    Code = "GD1003"
	Timeout  Code = "GD1004"

	Token            Code = "GD1101"
	TokenUnreachable Code = "GD1102"

	VaultUnreachable Code = "GD1201"
	SecretMissing    Code = "GD1202"
	VaultRefused     Code = "GD1203"

	KeyRefused     Code = "GD1301"
	BucketMissing  Code = "GD1302"
	ListRefused    Code = "GD1303"
	ReadRefused    Code = "GD1304"
	BucketRegion   Code = "GD1305"
	ClockSkew      Code = "GD1306"
	S3Unreachable  Code = "GD1307"
	RoleRefused    Code = "GD1308"
	STSUnreachable Code = "GD1309"
	Archived       Code = "GD1311"
	ListingSlow    Code = "GD1312"

	StateRefused     Code = "GD1401"
	StateUnreachable Code = "GD1402"
	StateConflict    Code = "GD1403"
	StateDamaged     Code = "GD1404"
	StateElsewhere   Code = "GD1405"
	StateAhead       Code = "GD1406"

	IngestionRefused     Code = "GD1501"
	RuleMissing          Code = "GD1502"
	IngestionThrottled   Code = "GD1503"
	IngestionUnreachable Code = "GD1504"
	RowsRefused          Code = "GD1505"
)

// fix is what the catalogue advises for the code, as plain text.
func (c Code) fix() string {
	for _, e := range catalogue {
		if e.Code == c {
			return strings.ReplaceAll(e.Fix, "`", "")
		}
	}
	return ""
}
