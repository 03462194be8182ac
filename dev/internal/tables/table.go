package tables

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxPage is the most entities of one page.
const maxPage = 1000

// table is the partitions of one table, by their keys.
type table map[string]*partition

// partition is entities by their row keys. sorted holds these in order; it is
// made again by the first listing after a change (nil says that one is due).
type partition struct {
	rows   map[string]*entity
	sorted []string
}

// entity is never changed once stored, only replaced.
type entity struct {
	text []byte // a JSON object, the two keys among its members
	etag string
	at   time.Time
}

// address names an entity.
type address struct{ partition, row string }

func newEntity(members map[string]json.RawMessage, at time.Time) *entity {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // all of it was read as JSON
	}
	return &entity{
		text: text,
		at:   at,
		etag: fmt.Sprintf(`W/"datetime'%s'"`, at.Format("2006-01-02T15%3A04%3A05.0000000Z")),
	}
}

// shown is the entity with the members that the service adds.
func (e *entity) shown() []byte {
	etag, _ := json.Marshal(e.etag) // text always encodes
	return fmt.Appendf(nil, `{"odata.etag":%s,"Timestamp":%q,%s`, etag, e.at.Format("2006-01-02T15:04:05.0000000Z"),
		e.text[1:])
}

// selected is the members of an object that are named, and its ETag.
func selected(object []byte, names string) []byte {
	members, f := parseMembers(object)
	if f != nil {
		panic(f.message) // it was read before
	}
	kept := map[string]json.RawMessage{"odata.etag": members["odata.etag"]}
	for name := range strings.SplitSeq(names, ",") {
		for _, member := range []string{name, name + "@odata.type"} {
			if value, ok := members[member]; ok {
				kept[member] = value
			}
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		panic(err) // all of it was read as JSON
	}
	return text
}

func parseMembers(text []byte) (map[string]json.RawMessage, *fault) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, invalid("the entity is not a JSON object")
	}
	return members, nil
}

func (t table) entity(partitionKey, row string) *entity {
	if p := t[partitionKey]; p != nil {
		return p.rows[row]
	}
	return nil
}

// put stores an entity, or with nil removes one.
func (t table) put(at address, e *entity) {
	p := t[at.partition]
	if p == nil {
		p = &partition{rows: make(map[string]*entity)}
		t[at.partition] = p
	}
	if e == nil {
		delete(p.rows, at.row)
		p.sorted = nil
		return
	}
	if p.rows[at.row] == nil {
		p.sorted = nil
	}
	p.rows[at.row] = e
}

// page returns the first entities from from on that match, in the order of
// their keys, and where the next page begins; the zero address is nowhere.
func (t table) page(match filter, from address) (found []*entity, next address) {
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if key < from.partition || !match.partition(key) {
			continue
		}
		p := t[key]
		if p.sorted == nil {
			p.sorted = slices.Sorted(maps.Keys(p.rows))
		}
		first := 0
		if key == from.partition {
			first, _ = slices.BinarySearch(p.sorted, from.row)
		}
		for _, row := range p.sorted[first:] {
			if !match.row(row) || !match.entity(p.rows[row]) {
				continue
			}
			if len(found) == maxPage {
				return found, address{key, row}
			}
			found = append(found, p.rows[row])
		}
	}
	return found, address{}
}
