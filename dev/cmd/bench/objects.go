package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"time"

	"guardduty-sentinel/dev/internal/s3server"
)

// The accounts and regions of what is new.
var (
	accounts = []string{"111122223333", "222233334444", "444455556666"}
	regions  = []string{"eu-west-1", "us-east-1"}
)

// object is an export object.
type object struct {
	key      string
	body     []byte
	modified time.Time
}

// exporter makes export objects.
type exporter struct {
	lines *lines
	text  []byte
	zip   *gzip.Writer // used again for each object: making one is dear
}

func newExporter(l *lines) *exporter { return &exporter{lines: l, zip: gzip.NewWriter(nil)} }

// object makes object n with some findings: those from n times each on.
func (e *exporter) object(n, each int, at time.Time) object {
	e.text = e.text[:0]
	for i := range each {
		e.text = e.lines.add(e.text, n*each+i)
	}
	var body bytes.Buffer
	e.zip.Reset(&body)
	_, _ = e.zip.Write(e.text) // into memory, which does not go wrong
	_ = e.zip.Close()
	pair := int(scrambled(n) % uint64(len(accounts)*len(regions)))
	return object{
		key:      key(accounts[pair%len(accounts)], regions[pair/len(accounts)], n, at),
		body:     body.Bytes(),
		modified: at,
	}
}

// recent makes objects that were written in the last three quarters of an hour,
// the overlap's default: the run after the first sees them again.
func (e *exporter) recent(count, each int) []object {
	list := make([]object, count)
	for n := range list {
		list[n] = e.object(n, each, time.Now().Add(-time.Minute-44*time.Minute*time.Duration(n)/time.Duration(count)))
	}
	return list
}

// key names object n as GuardDuty does, by a UUID in the folder of its day.
func key(account, region string, n int, at time.Time) string {
	a, b := scrambled(n), scrambled(-n-2)
	return fmt.Sprintf("AWSLogs/%s/GuardDuty/%s/%s/%08x-%04x-4%03x-8%03x-%012x.jsonl.gz",
		account, region, at.UTC().Format("2006/01/02"), a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func put(s *s3server.Server, list []object) error {
	for _, o := range list {
		if err := s.Put(o.key, o.body, o.modified); err != nil {
			return err
		}
	}
	return nil
}
