package seed

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fromAPI turns a finding of GuardDuty's API, as the AWS CLI prints it, into the
// form of the export. The names are those that the API itself has on the wire:
// the first letter small, but for the exceptions in wireNames. Times that are
// numbers in an export become numbers again, and additionalInfo, which the API
// gives as one text, is written out.
func fromAPI(finding *object) (*object, error) {
	out := rename(finding, "").(*object)
	expandInfo(out.at("service"))
	return out, nil
}

// expandInfo writes out service.additionalInfo: what its value says comes first,
// then the value itself and its type.
func expandInfo(service *object) *object {
	if service == nil {
		return nil
	}
	info := service.at("additionalInfo")
	if info == nil {
		return service
	}
	v, err := parse([]byte(info.text("value")))
	if expanded, ok := v.(*object); ok && err == nil {
		for _, m := range info.members {
			expanded.set(m.name, m.value)
		}
		service.set("additionalInfo", expanded)
	}
	return service
}

// rename converts the names and times below a path.
func rename(v any, path string) any {
	switch v := v.(type) {
	case *object:
		out := &object{members: make([]member, 0, len(v.members))}
		for _, m := range v.members {
			name, below := wireName(path, m.name), ""
			if slices.Contains(freeMaps, path) {
				name, below = m.name, "*"
			} else {
				below = name
			}
			out.members = append(out.members, member{name, rename(m.value, strings.TrimPrefix(path+"."+below, "."))})
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = rename(element, path)
		}
		return out
	}
	switch {
	case slices.Contains(secondsPaths, path):
		return toSeconds(v)
	case slices.Contains(textTimePaths, path):
		return toText(v)
	}
	return v
}

// wireName is the export's name of a member of the API.
func wireName(path, name string) string {
	parent := path[strings.LastIndexByte(path, '.')+1:]
	if wire, ok := wireNames[parent+"."+name]; ok {
		return wire
	}
	if name == "" {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// toSeconds turns a time as the CLI prints it into seconds.
func toSeconds(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return v
	}
	seconds := strconv.FormatInt(t.Unix(), 10)
	if fraction := t.Nanosecond(); fraction != 0 {
		seconds = strconv.FormatFloat(float64(t.Unix())+float64(fraction)/1e9, 'f', -1, 64)
	}
	return json.Number(seconds)
}

// toText turns seconds, as some SDKs print a time, into text.
func toText(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	seconds, err := n.Float64()
	if err != nil {
		return v
	}
	return iso(time.UnixMilli(int64(seconds * 1000)))
}

// wireNames are the names that differ in more than the first letter, by the
// name of what they stand in.
var wireNames = map[string]string{
	"productCodes.Code":                           "productCodeId",
	"productCodes.ProductType":                    "productCodeType",
	"kubernetesApiCallAction.SourceIps":           "sourceIPs",
	"rdsLoginAttemptAction.LoginAttributes":       "LoginAttributes",
	"location.Latitude":                           "lat",
	"location.Longitude":                          "lon",
	"ec2Instance.IamInstanceProfile":              "IamInstanceProfile",
	"kubernetesWorkload.KubernetesResourcesTypes": "type",
	"account.Name":                                "account",
	"taskDetails.TaskCreatedAt":                   "createdAt",
}

// freeMaps are the objects whose names are data, and are kept.
var freeMaps = []string{
	"service.action.awsApiCallAction.affectedResources",
	"service.detection.anomaly.profiles",
	"service.detection.anomaly.profiles.*",
	"service.detection.anomaly.unusual.behavior",
	"service.detection.anomaly.unusual.behavior.*",
}

// textTimePaths are the times that an export has as text.
var textTimePaths = []string{
	"createdAt", "updatedAt", "service.eventFirstSeen", "service.eventLastSeen", "resource.instanceDetails.launchTime",
}

// secondsPaths are the times that an export has in seconds.
var secondsPaths = []string{
	"resource.s3BucketDetails.createdAt",
	"resource.eksClusterDetails.createdAt",
	"resource.ecsClusterDetails.taskDetails.createdAt",
	"resource.ecsClusterDetails.taskDetails.startedAt",
	"resource.lambdaDetails.lastModifiedAt",
	"resource.recoveryPointDetails.continuousScanDetails.startTime",
	"resource.recoveryPointDetails.continuousScanDetails.endTime",
	"service.ebsVolumeScanDetails.scanStartedAt",
	"service.ebsVolumeScanDetails.scanCompletedAt",
	"service.runtimeDetails.process.startTime",
	"service.runtimeDetails.process.lineage.startTime",
	"service.runtimeDetails.context.modifyingProcess.startTime",
	"service.runtimeDetails.context.modifyingProcess.lineage.startTime",
	"service.runtimeDetails.context.modifiedAt",
	"service.runtimeDetails.context.targetProcess.startTime",
	"service.runtimeDetails.context.targetProcess.lineage.startTime",
	"service.detection.sequence.actors.session.createdTime",
	"service.detection.sequence.resources.data.s3Bucket.createdAt",
	"service.detection.sequence.resources.data.eksCluster.createdAt",
	"service.detection.sequence.resources.data.ecsTask.createdAt",
	"service.detection.sequence.signals.createdAt",
	"service.detection.sequence.signals.updatedAt",
	"service.detection.sequence.signals.firstSeenAt",
	"service.detection.sequence.signals.lastSeenAt",
}
