package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fromHub makes a GuardDuty finding of one in Security Hub's format (ASFF). The
// original is not in it, so this is what can be had: who, where, when, the type,
// severity and texts; what GuardDuty's "service" block said, which Security Hub
// keeps as texts below ProductFields; and of the resource its ids.
func fromHub(hub *object) (*object, error) {
	fields := hub.at("ProductFields")
	product := hub.text("ProductArn")
	if !strings.HasSuffix(product, "/aws/guardduty") {
		product = product[strings.LastIndexByte(product, '/')+1:]
		return nil, fmt.Errorf("a Security Hub finding of %s, not of GuardDuty", product)
	}
	kind := hubType(hub)
	arn := hub.text("Id")
	parts := strings.SplitN(arn, ":", 6)
	if kind == "" || len(parts) != 6 || !strings.Contains(arn, "/finding/") {
		return nil, errors.New("a Security Hub finding without GuardDuty's finding type or ARN; " +
			"aws guardduty get-findings gives the finding")
	}
	f := &object{}
	for _, m := range []member{
		{"schemaVersion", "2.0"},
		{"accountId", hub.text("AwsAccountId")},
		{"region", parts[3]},
		{"partition", parts[1]},
		{"id", arn[strings.LastIndexByte(arn, '/')+1:]},
		{"arn", arn},
		{"type", kind},
		{"resource", hubResource(hub)},
		{"service", hubService(fields)},
		{"severity", hubSeverity(hub)},
		{"createdAt", hub.get("CreatedAt")},
		{"updatedAt", hub.get("UpdatedAt")},
		{"title", hub.get("Title")},
		{"description", hub.get("Description")},
	} {
		if m.value != nil {
			f.members = append(f.members, m)
		}
	}
	return f, nil
}

// hubType is the finding type: the end of
// "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS", with its slash.
func hubType(hub *object) string {
	for _, o := range []*object{hub.at("FindingProviderFields"), hub} {
		if o == nil {
			continue
		}
		types, _ := o.get("Types").([]any)
		for _, t := range types {
			text, _ := t.(string)
			end := text[strings.LastIndexByte(text, '/')+1:]
			if strings.Contains(end, ":") {
				return strings.Replace(end, "-", "/", 1)
			}
		}
	}
	return ""
}

// hubSeverity is GuardDuty's number where it is kept, else one of the same level.
func hubSeverity(hub *object) any {
	for _, o := range []*object{hub.at("FindingProviderFields", "Severity"), hub.at("Severity")} {
		if o == nil {
			continue
		}
		if n, ok := o.get("Product").(json.Number); ok {
			return n
		}
		if s, err := strconv.ParseFloat(o.text("Original"), 64); err == nil {
			return number(s)
		}
	}
	severity := hub.at("Severity")
	if severity == nil {
		return nil
	}
	levels := map[string]json.Number{"CRITICAL": "9", "HIGH": "8", "MEDIUM": "5", "LOW": "2"}
	if n, ok := levels[severity.text("Label")]; ok {
		return n
	}
	if n, ok := severity.get("Normalized").(json.Number); ok {
		if s, err := n.Float64(); err == nil {
			return number(s / 10)
		}
	}
	return nil
}

// hubService builds the service block of names such as
// "aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/localPortDetails/port".
func hubService(fields *object) *object {
	service := &object{}
	if fields == nil {
		return service
	}
	names := []string{}
	for _, m := range fields.members {
		names = append(names, m.name)
	}
	slices.Sort(names) // elements of a list in their order
	for _, name := range names {
		path, ok := strings.CutPrefix(name, "aws/guardduty/service/")
		if text := fields.text(name); ok && text != "" {
			steps := strings.Split(path, "/")
			put(service, steps, hubValue(steps[len(steps)-1], text))
		}
	}
	return expandInfo(service)
}

var hubElement = regexp.MustCompile(`^(.+?)(?:\.(\d+)_|:(\d+))$`)

// put sets a value below an object, and makes the objects and lists above it.
func put(o *object, steps []string, value any) {
	name, index := steps[0], -1
	if m := hubElement.FindStringSubmatch(name); m != nil {
		name = m[1]
		index, _ = strconv.Atoi(m[2] + m[3])
	}
	child := o.get(name)
	if index >= 0 {
		list, _ := child.([]any)
		index = min(index, len(list))
		if index == len(list) {
			list = append(list, nil)
			o.set(name, list)
		}
		if len(steps) == 1 {
			list[index] = value
			return
		}
		if _, ok := list[index].(*object); !ok {
			list[index] = &object{}
		}
		put(list[index].(*object), steps[1:], value)
		return
	}
	if len(steps) == 1 {
		o.set(name, value)
		return
	}
	below, ok := child.(*object)
	if !ok {
		below = &object{}
		o.set(name, below)
	}
	put(below, steps[1:], value)
}

// hubNumbers are the members that hold numbers in an export.
var hubNumbers = []string{"count", "port", "lat", "lon", "failedLoginAttempts", "successfulLoginAttempts"}

// hubValue is a text as the export has it.
func hubValue(name, text string) any {
	switch {
	case text == "true" || text == "false":
		return text == "true"
	case slices.Contains(hubNumbers, name) || slices.Contains(eventTimes, name):
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return json.Number(text)
		}
	}
	return text
}
