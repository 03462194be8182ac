// Package seed lays findings out as GuardDuty exports them to S3: objects of
// JSON lines, gzip, in a folder per account, Region and day, named by random
// UUIDs, written at five-minute ticks a few at a time. It can add what else is
// found in such a bucket, and objects that are damaged. It reads findings in
// the forms that people have them in, and makes up a story of its own.
package seed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say how Plan lays findings out.
type Options struct {
	// Now is when the plan ends: no object is later. It must be set, or Plan
	// would not give the same objects twice.
	Now time.Time
	// Seed chooses names, times and places.
	Seed uint64
	// Prefix stands before "AWSLogs/", with or without a slash at its end.
	Prefix string
	// Organization, when set, is the folder between "AWSLogs/" and the account.
	Organization string
	// Accounts and Regions name the folders; nil is three accounts and two
	// Regions. The accountId and region in a finding stay as they are; they are not
	// those of its folder unless OwnFolders is set.
	Accounts []string
	Regions  []string
	// OwnFolders puts each finding into the folder of its own account and Region,
	// where it names them. Accounts and Regions that are nil are then those of the
	// findings.
	OwnFolders bool
	// Days is how many days of 24 hours before Now the findings are spread
	// over; 0 is 1. One day less an hour is within a look-back of 24 hours
	// even when the reader starts a while after Now.
	Days int
	// OneFindingPerObject leaves no object with several findings (but for the
	// damaged ones).
	OneFindingPerObject bool
	// Decoys adds objects that are not findings: CloudTrail and Config beside
	// GuardDuty's folder, folder markers, an object of no bytes, a .json file.
	Decoys bool
	// Damaged adds export files that are not whole. The last findings (up to
	// seven) go into them rather than into sound ones.
	Damaged bool
}

// Object is one S3 object of a plan.
type Object struct {
	Key          string
	Body         []byte
	LastModified time.Time
	// Findings is how many whole findings a reader can get out of Body. Over
	// all objects of a plan they add up to the findings planned.
	Findings int
}

// slack keeps the oldest finding inside the look-back of a reader that starts
// after Now.
const slack = time.Hour

// tick is how often GuardDuty exports.
const tick = 5 * time.Minute

// Plan lays findings out as objects, in order of LastModified and key. It is
// the same for the same arguments. Findings are kept byte for byte.
func Plan(findings [][]byte, opts Options) []Object {
	if opts.OwnFolders {
		opts = withPlaces(opts, findings)
	}
	p := newPlanner(opts)
	var kept [][]byte
	if opts.Damaged {
		at := max(0, len(findings)-damagedFindings)
		findings, kept = findings[:at], findings[at:]
	}
	p.sound(findings)
	if opts.Damaged {
		p.sound(p.damaged(kept))
	}
	if opts.Decoys {
		p.decoys()
	}
	return p.sorted()
}

// sorted is the objects in order of LastModified and key.
func (p *planner) sorted() []Object {
	slices.SortFunc(p.objects, func(a, b Object) int {
		return cmp.Or(a.LastModified.Compare(b.LastModified), cmp.Compare(a.Key, b.Key))
	})
	return p.objects
}

type planner struct {
	Options
	rng     *rand.Rand
	zip     *gzip.Writer // used again for each object: making one is dear
	objects []Object
}

func newPlanner(opts Options) *planner {
	if len(opts.Accounts) == 0 {
		opts.Accounts = []string{"111122223333", "222233334444", "444455556666"}
	}
	if len(opts.Regions) == 0 {
		opts.Regions = []string{"eu-west-1", "us-east-1"}
	}
	opts.Days = max(opts.Days, 1)
	opts.Now = opts.Now.UTC()
	if n := len(opts.Prefix); n > 0 && opts.Prefix[n-1] != '/' {
		opts.Prefix += "/"
	}
	return &planner{Options: opts, rng: rand.New(rand.NewPCG(opts.Seed, 0x6775617264)), zip: gzip.NewWriter(nil)}
}

// sound exports findings in bursts: some objects of one tick, of which the
// first two bear the same second. Bursts are spread evenly from the first tick
// of the window to the last before Now, so that every day has its share. The
// first burst of a day is at midnight, its first object still in the folder of
// the day before: nothing promises a reader otherwise.
func (p *planner) sound(findings [][]byte) {
	var bursts [][][][]byte
	for len(findings) > 0 {
		var burst [][][]byte
		for size := 1 + p.rng.IntN(4); size > 0 && len(findings) > 0; size-- {
			n := min(p.perObject(), len(findings))
			if p.OwnFolders {
				n = together(findings[:n])
			}
			burst = append(burst, findings[:n])
			findings = findings[n:]
		}
		bursts = append(bursts, burst)
	}
	for i, burst := range bursts {
		at, second := p.tickOf(i, len(bursts)), 1+p.rng.IntN(3)
		midnight := at.Truncate(24 * time.Hour)
		late := i > 0 && p.tickOf(i-1, len(bursts)).Before(midnight)
		if late {
			at = midnight
		}
		for j, lines := range burst {
			if j > 1 {
				second = 1 + p.rng.IntN(6)
			}
			day := at
			if late && j == 0 && (len(burst) > 1 || i+1 < len(bursts)) { // else no folder of that day
				day = at.Add(-tick)
			}
			p.add(p.keyOf(lines, day), p.gzipped(p.text(lines)), at.Add(time.Duration(second)*time.Second), len(lines))
		}
	}
}

// perObject is the number of findings of the next object: mostly one.
func (p *planner) perObject() int {
	if p.OneFindingPerObject || p.rng.IntN(8) != 0 {
		return 1
	}
	return 2 + p.rng.IntN(4)
}

// tickOf is the tick of burst i of n; the last is the last before Now that
// leaves its objects time to be written.
func (p *planner) tickOf(i, n int) time.Time {
	last := p.Now.Add(-10 * time.Second).Truncate(tick)
	first := p.Now.Add(slack - time.Duration(p.Days)*24*time.Hour)
	if n < 2 {
		return last
	}
	back := last.Sub(first) / time.Duration(n-1) * time.Duration(n-1-i)
	return last.Add(-back.Truncate(tick))
}

// text joins findings to JSON lines. Now and then the last has no newline.
func (p *planner) text(lines [][]byte) []byte {
	text := bytes.Join(lines, []byte("\n"))
	if p.rng.IntN(5) != 0 {
		text = append(text, '\n')
	}
	return text
}

func (p *planner) add(key string, body []byte, at time.Time, findings int) {
	p.objects = append(p.objects, Object{Key: key, Body: body, LastModified: at, Findings: findings})
}

// exportKey names an export file of the given time in some account and Region.
func (p *planner) exportKey(at time.Time) string {
	return p.folder("GuardDuty", at) + p.uuid() + ".jsonl.gz"
}

// folder is a day folder of a service in some account and Region.
func (p *planner) folder(service string, at time.Time) string {
	return p.accountFolder(p.Accounts[p.rng.IntN(len(p.Accounts))]) +
		service + "/" + p.Regions[p.rng.IntN(len(p.Regions))] + at.Format("/2006/01/02/")
}

func (p *planner) accountFolder(account string) string {
	folder := p.Prefix + "AWSLogs/"
	if p.Organization != "" {
		folder += p.Organization + "/"
	}
	return folder + account + "/"
}

// uuid is a UUID of version 3 or 4, as seen in real buckets: not in the order
// of time in either case.
func (p *planner) uuid() string {
	a, b := p.rng.Uint64(), p.rng.Uint64()
	version := 3 + p.rng.Uint64N(2)
	return fmt.Sprintf("%08x-%04x-%x%03x-%x%03x-%012x",
		a>>32, a>>16&0xffff, version, a&0xfff, 8+b>>60&3, b>>48&0xfff, b&0xffffffffffff)
}

// gzipped is text in gzip, without a name or a time.
func (p *planner) gzipped(text []byte) []byte {
	var buf bytes.Buffer
	p.zip.Reset(&buf)
	_, err := p.zip.Write(text)
	must(err)
	must(p.zip.Close())
	return buf.Bytes()
}

// must is for writes to memory, which do not go wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
