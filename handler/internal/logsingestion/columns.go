// Package logsingestion turns findings into rows of the Log Analytics table
// AWSGuardDuty_CL and delivers them through the Logs Ingestion API.
package logsingestion

import (
	"slices"
	"strings"
)

// kind is what a column takes from the finding's value at its path.
type kind int

const (
	text    kind = iota // a string; an array or object as JSON text; other values as their text
	guid                // a string of 32 hexadecimal digits, or with dashes, written with dashes
	notGUID             // a string that is not for the guid column beside it
	number              // a number, its text as it is
	boolean             // true or false
	instant             // a string that is an RFC 3339 time
	dynamic             // any JSON, byte for byte
)

// column is one column that is filled from a path of the finding.
type column struct {
	name string
	path string // member names, joined by dots
	kind kind
	top  bool // whether a value that does not fit is kept nowhere else
}

// The columns that are not read from a path.
const (
	timeGenerated    = "TimeGenerated"
	additionalFields = "AdditionalFields"
	sourceObject     = "SourceObject_s"
	foreignFolder    = "ForeignFolder_b"
	truncated        = "Truncated_b"
	truncatedColumns = "TruncatedColumns_s"
)

// columns returns all columns that are read from paths. Their names are those
// which the HTTP Data Collector API gave to a finding's flattened members, so
// that queries written for that table keep working: the path with underscores
// and a suffix for the type, at most 45 characters. Severity had no suffix.
// infra/schema/guardduty.columns.json declares the same list.
func columns() []column {
	list := []column{{"Severity", "severity", number, true}}
	for _, group := range columnGroups {
		for name := range strings.FieldsSeq(group.names) {
			full := strings.Trim(group.path+"."+name, ".")
			cut := strings.LastIndexByte(full, '_')
			list = append(list, column{
				name: strings.ReplaceAll(full, ".", "_"),
				path: full[:cut],
				kind: kindOf(full),
				top:  !strings.Contains(full, ".") && !strings.HasPrefix(full, "id_"),
			})
		}
	}
	return append(list,
		column{name: "ResourceDetails", path: "resource", kind: dynamic},
		column{name: "ServiceDetails", path: "service", kind: dynamic})
}

// columnGroups are paths, each with the members below it that become columns.
var columnGroups = []struct{ path, names string }{
	{"", `
		schemaVersion_s accountId_s region_s partition_s id_g id_s arn_s type_s createdAt_t updatedAt_t title_s
		description_s associatedAttackSequenceArn_s confidence_d`},

	{"resource", "resourceType_s s3BucketDetails_s"},
	{"resource.accessKeyDetails", "accessKeyId_s principalId_s userName_s userType_s"},
	{"resource.instanceDetails", `
		instanceId_s instanceType_s instanceState_s availabilityZone_s imageId_s imageDescription_s outpostArn_s
		platform_s launchTime_t networkInterfaces_s productCodes_s tags_s`},
	{"resource.eksClusterDetails", "arn_s name_s status_s vpcId_s tags_s createdAt_d"},
	{"resource.ecsClusterDetails", "arn_s name_s status_s tags_s taskDetails.arn_s"},
	{"resource.containerDetails", "containerRuntime_s id_s image_s name_s"},
	{"resource.rdsDbInstanceDetails", "dbInstanceArn_s dbiResourceId_s engine_s engineVersion_s tags_s"},
	{"resource.rdsDbUserDetails", "user_s application_s database_s ssl_s authMethod_s"},
	{"resource.rdsLimitlessDbDetails", "engine_s tags_s"},
	{"resource.lambdaDetails", `
		description_s functionArn_s functionName_s functionVersion_s role_s tags_s lastModifiedAt_d revisionId_g
		vpcConfig.subnetIds_s vpcConfig.vpcId_s`},
	{"resource", "ebsSnapshotDetails.snapshotArn_s ec2ImageDetails.imageArn_s"},

	{"service", `
		serviceName_s detectorId_g detectorId_s resourceRole_s featureName_s count_d archived_b eventFirstSeen_t
		eventLastSeen_t evidence.threatIntelligenceDetails_s`},
	{"service.action", `
		actionType_s dnsRequestAction.domain_s dnsRequestAction.protocol_s dnsRequestAction.blocked_b
		kubernetesApiCallAction.verb_s portProbeAction.blocked_b`},
	{"service.action.awsApiCallAction", "api_s callerType_s errorCode_s serviceName_s userAgent_s"},
	{"service.action.kubernetesRoleDetails", "kind_s name_s uid_s"},
	{"service.ebsVolumeScanDetails", "scanId_g scanType_s scanStartedAt_d sources_s"},
	{"service.malwareScanDetails", "scanId_s scanType_s scanCategory_s threats_s"},
	{"service.detection.sequence", "uid_s description_s actors_s endpoints_s resources_s signals_s"},
	{"service.runtimeDetails.process", `
		name_s pid_d user_s userId_d euid_d pwd_s lineage_s namespacePid_d uuid_g uuid_s parentUuid_g parentUuid_s
		startTime_d startTime_t`},
	{"service.runtimeDetails.context", `
		flags_s libraryPath_s modifiedAt_t moduleName_s moduleSha256_s mountSource_s mountTarget_s scriptPath_s
		serviceName_s socketPath_s toolCategory_s toolName_s`},
	{"service.additionalInfo", `
		agentDetails.agentId_s sample_b type_s value_s threatListName_s threatName_s domain_s apiCalls_s
		recentApiCalls_s portsScannedSample_s unusualProtocol_s inBytes_s outBytes_s localPort_s unusual.hoursOfDay_s
		unusual.userNames_s`},
}

// twins are the values that are GUIDs as a rule: those that are none have a
// second column.
var twins = []string{
	"id",
	"service.detectorId",
	"service.runtimeDetails.process.uuid",
	"service.runtimeDetails.process.parentUuid",
}

// kindOf reads the kind from the suffix.
func kindOf(name string) kind {
	switch {
	case slices.Contains(twins, strings.TrimSuffix(name, "_s")):
		return notGUID
	case strings.HasSuffix(name, "_g"):
		return guid
	case strings.HasSuffix(name, "_d"):
		return number
	case strings.HasSuffix(name, "_b"):
		return boolean
	case strings.HasSuffix(name, "_t"):
		return instant
	default:
		return text
	}
}
