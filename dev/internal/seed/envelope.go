package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// members are the members of a JSON object, as they stand.
type members map[string]json.RawMessage

// text is a member that is a string, else "".
func (m members) text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}

// isFinding says whether these are the members of a finding in the export's
// form. The connector asks for no more.
func (m members) isFinding() bool {
	return m.text("type") != "" && (m.text("id") != "" || m.text("arn") != "")
}

// value takes the findings of a JSON value, whatever is around them.
func (f *file) value(raw json.RawMessage, line int) { f.unwrap(raw, line, exportForm) }

// unwrap takes the findings of a value that came out of an envelope of the given
// form.
func (f *file) unwrap(raw json.RawMessage, line int, from form) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '[':
		f.list(raw, line, from)
		return
	case '{':
	default:
		f.skip(line, "not a JSON object")
		return
	}
	var m members
	if err := json.Unmarshal(raw, &m); err != nil {
		f.skip(line, "not JSON: "+err.Error())
		return
	}
	switch {
	case m.isFinding():
		f.add(raw, updateOf(m), from)
	case m["detail"] != nil:
		f.event(m, within(raw, m["detail"], line))
	case m.text("ProductArn") != "" && m["Types"] != nil:
		f.converted(raw, line, hubForm, fromHub)
	case m.text("Type") != "" && (m.text("Id") != "" || m.text("Arn") != "") && m["Service"] != nil:
		f.converted(raw, line, apiForm, fromAPI)
	case isList(m["Findings"]):
		f.list(m["Findings"], within(raw, m["Findings"], line), from)
	case isList(m["findings"]):
		f.list(m["findings"], within(raw, m["findings"], line), from)
	default:
		f.skip(line, notFinding(m))
	}
}

// list takes the findings of an array. The line is that of its beginning.
func (f *file) list(raw json.RawMessage, line int, from form) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, err := dec.Token() // the bracket
	must(err)
	n, lines := 0, lineCounter{text: raw}
	for ; dec.More(); n++ {
		var element json.RawMessage
		must(dec.Decode(&element)) // the list was read as JSON
		f.unwrap(element, line+lines.of(int(dec.InputOffset())-len(element))-1, from)
	}
	if n == 0 {
		f.skip(line, "an empty list")
	}
}

// event takes what is in an EventBridge event.
func (f *file) event(m members, line int) {
	var detail members
	_ = json.Unmarshal(m["detail"], &detail) // what is not an object has no members
	if detail.isFinding() || isList(detail["findings"]) {
		f.unwrap(m["detail"], line, eventForm)
		return
	}
	f.skip(line, fmt.Sprintf("an event %q, which is not a GuardDuty finding", m.text("detail-type")))
}

// converted takes a finding that has another form.
func (f *file) converted(raw json.RawMessage, line int, from form, convert func(*object) (*object, error)) {
	v, err := parse(raw)
	must(err) // it was read as JSON
	finding, err := convert(v.(*object))
	if err != nil {
		f.skip(line, err.Error())
		return
	}
	text := encode(finding)
	var m members
	must(json.Unmarshal(text, &m))
	f.add(text, updateOf(m), from)
}

// within is the line on which a part of a value begins.
func within(raw, part json.RawMessage, line int) int {
	return line + bytes.Count(raw[:bytes.Index(raw, part)], []byte("\n"))
}

func isList(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '[' }

// notFinding says what an object is, when that is known.
func notFinding(m members) string {
	switch {
	case m["FindingIds"] != nil:
		return "ids of findings only; aws guardduty get-findings gives the findings"
	case m["class_uid"] != nil:
		return "in OCSF (Security Lake or the new Security Hub), which does not hold GuardDuty's finding; " +
			"aws guardduty get-findings gives it"
	case m["Records"] != nil:
		return "records of another service, such as CloudTrail"
	case m["AccountId"] != nil || m["accountId"] != nil || m["schemaVersion"] != nil:
		return "not a finding: it lacks its type, or both id and arn"
	}
	return "not a GuardDuty finding"
}

// updateOf tells updates of findings apart, as the connector does; "" when the
// finding does not say when it was updated.
func updateOf(m members) string {
	updated := m.text("updatedAt")
	if updated == "" {
		return ""
	}
	id := m.text("id")
	if id == "" {
		arn := m.text("arn")
		id = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	var service struct{ Count json.Number }
	_ = json.Unmarshal(m["service"], &service) // without a count it is ""
	parts := []string{id, m.text("accountId"), m.text("region"), updated, service.Count.String()}
	return strings.Join(parts, "\x00")
}
