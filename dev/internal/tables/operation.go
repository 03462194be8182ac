package tables

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
)

// operation is what a request asks for of one entity.
type operation struct {
	method  string // POST inserts, PUT replaces, PATCH merges, DELETE deletes
	table   string
	match   string // the ETag that the entity has to have; empty for none, * for any
	members map[string]json.RawMessage
	address
}

var entityPath = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*)\(PartitionKey='((?:[^']|'')*)',RowKey='((?:[^']|'')*)'\)$`)

// newOperation reads a request. The path is without the account, and decoded.
func newOperation(method, path, match string, body []byte) (operation, *fault) {
	o := operation{method: method, table: path, match: match}
	m := entityPath.FindStringSubmatch(path)
	switch {
	case m != nil && method != http.MethodPost:
		o.table, o.address = m[1], address{unquoted(m[2]), unquoted(m[3])}
	case method != http.MethodPost || !tableName(path):
		return o, unknown(method + " " + path)
	}
	switch method {
	case http.MethodGet, http.MethodDelete:
		return o, nil
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return o, o.read(body)
	default:
		return o, unknown(method + " of an entity")
	}
}

// read reads the entity to be written. What the service sets itself is not the
// client's to say.
func (o *operation) read(body []byte) *fault {
	var f *fault
	if o.members, f = parseMembers(body); f != nil {
		return f
	}
	delete(o.members, "Timestamp")
	delete(o.members, "odata.etag")
	if o.method == http.MethodPost {
		if json.Unmarshal(o.members["PartitionKey"], &o.partition) != nil ||
			json.Unmarshal(o.members["RowKey"], &o.row) != nil {
			return &fault{
				http.StatusBadRequest,
				"PropertiesNeedValue",
				"The values are not specified for all properties in the entity.",
			}
		}
		return nil
	}
	for name, key := range map[string]string{"PartitionKey": o.partition, "RowKey": o.row} {
		text, err := json.Marshal(key)
		if err != nil {
			panic(err) // text always encodes
		}
		o.members[name] = text
	}
	return nil
}

// apply does an operation. It returns the entity's new ETag, if it has one,
// and how to take the operation back.
func (s *Server) apply(o operation) (etag string, undo func(), f *fault) {
	t := s.tables[o.table]
	if t == nil {
		return "", nil, errNoTable
	}
	old := t.entity(o.partition, o.row)
	switch {
	case o.method == http.MethodPost && old != nil:
		return "", nil, errThere
	case old == nil && (o.match != "" || o.method == http.MethodDelete):
		return "", nil, errNoEntity
	case old != nil && o.match != "" && o.match != "*" && o.match != old.etag:
		return "", nil, errCondition
	}
	before := s.counts
	undo = func() {
		t.put(o.address, old)
		s.counts.Written, s.counts.Deleted = before.Written, before.Deleted
	}
	if o.method == http.MethodDelete {
		s.counts.Deleted++
		t.put(o.address, nil)
		return "", undo, nil
	}
	members := o.members
	if old != nil && o.method == http.MethodPatch {
		if members, f = parseMembers(old.text); f != nil {
			return "", nil, f
		}
		maps.Copy(members, o.members)
	}
	s.counts.Written++
	e := newEntity(members, s.stamp())
	t.put(o.address, e)
	return e.etag, undo, nil
}
