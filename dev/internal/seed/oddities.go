package seed

import (
	"bytes"
	"fmt"
	"time"
)

// damagedFindings is how many findings the damaged objects hold: three before
// a truncation, two around a bad line, two among empty lines.
const damagedFindings = 3 + 2 + 2

// damaged adds export files that are not whole, all of the last hour. With
// fewer findings than damagedFindings, some hold fewer. It returns the findings
// that it has no use for: with OwnFolders an object holds those of one place.
func (p *planner) damaged(findings [][]byte) (rest [][]byte) {
	take := func(n int) [][]byte {
		n = min(n, len(findings))
		if p.OwnFolders && n > 0 {
			n = together(findings[:n])
		}
		lines := findings[:n]
		findings = findings[n:]
		return lines
	}
	whole := take(3)
	p.export(p.truncated(whole), whole)

	around := take(2)
	text := bytes.Join(around, []byte("\n{\"schemaVersion\":\"2.0\",\"accountId\":\n"))
	if len(around) < 2 {
		text = append(text, "\n{\"schemaVersion\":\"2.0\",\"accountId\":\n"...)
	}
	p.export(p.gzipped(text), around)

	p.export([]byte("<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n"), nil)

	sparse := take(2)
	text = []byte("\n{\"findings\":[]}\n")
	for _, line := range sparse {
		text = append(append(text, line...), "\r\n\n   \n"...)
	}
	p.export(p.gzipped(text), sparse)
	return findings
}

// export adds an export file of the last tick that holds the findings.
func (p *planner) export(body []byte, findings [][]byte) {
	at := p.tickOf(1, 1)
	p.add(p.keyOf(findings, at), body, at.Add(time.Duration(1+p.rng.IntN(6))*time.Second), len(findings))
}

// truncated is gzip that ends inside the line after the given ones. That line
// is random digits, so that half of its compressed bytes are never all of it.
func (p *planner) truncated(lines [][]byte) []byte {
	var buf bytes.Buffer
	zw := p.zip
	zw.Reset(&buf)
	for _, line := range lines {
		_, err := zw.Write(append(bytes.Clone(line), '\n'))
		must(err)
	}
	must(zw.Flush()) // what is written so far can be read whatever follows
	whole := buf.Len()
	_, err := zw.Write([]byte(`{"schemaVersion":"2.0","id":"`))
	must(err)
	for range 64 {
		_, err = fmt.Fprintf(zw, "%016x", p.rng.Uint64())
		must(err)
	}
	_, err = zw.Write([]byte("\"}\n"))
	must(err)
	must(zw.Close())
	return buf.Bytes()[:whole+(buf.Len()-whole)/2]
}

// decoys adds objects that a reader of findings must skip.
func (p *planner) decoys() {
	at := p.tickOf(1, 1)
	older := p.Now.Add(-time.Duration(p.Days) * 24 * time.Hour).Truncate(tick)
	if p.Prefix != "" {
		p.add(p.Prefix, nil, older, 0)
	}
	for _, account := range p.Accounts {
		folder := p.accountFolder(account)
		p.add(folder+"GuardDuty/", nil, older, 0)
		for _, region := range p.Regions {
			day := region + at.Format("/2006/01/02/")
			trail := fmt.Sprintf("%sCloudTrail/%s%s_CloudTrail_%s_%s_%s.json.gz",
				folder, day, account, region, at.Format("20060102T1504Z"), p.uuid()[:13])
			p.add(trail, p.gzipped([]byte(`{"Records":[]}`)), at.Add(time.Second), 0)
			history := fmt.Sprintf("%sConfig/%s/%s%s_Config_%s_ConfigHistory_AWS::S3::Bucket_%s_1.json.gz",
				folder, region, at.Format("2006/1/2/ConfigHistory/"), account, region, at.Format("20060102T150405Z"))
			p.add(history, p.gzipped([]byte(`{"fileVersion":"1.0","configurationItems":[]}`)), at.Add(2*time.Second), 0)
		}
	}
	day := p.folder("GuardDuty", at)
	p.add(day, nil, at, 0)
	p.add(day+p.uuid()+".jsonl.gz", nil, at.Add(time.Second), 0)
	p.add(day+"manifest.json", []byte(`{"findings":1}`), at.Add(time.Second), 0)
}
