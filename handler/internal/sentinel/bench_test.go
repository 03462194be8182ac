package sentinel_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/sentinel"
)

// exported returns export objects of findings of about 4 KB, 1,000 in each,
// every one with an id of its own, and the bytes of their lines.
func exported(b *testing.B, objects int) (list [][]byte, size int) {
	b.Helper()
	text, err := os.ReadFile("../../../dev/testdata/findings.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if len(line) > 3600 && len(line) < 4700 {
			lines = append(lines, line)
		}
	}
	for range objects {
		var buf bytes.Buffer
		zw := gzip.NewWriter(&buf)
		for n := range 1000 {
			line := lines[n%len(lines)]
			id := fmt.Sprintf(`"id":"%032x"`, size)
			at := strings.Index(line, `"id":"`)
			line = line[:at] + id + line[at+len(id):]
			size += len(line)
			io.WriteString(zw, line)
		}
		zw.Close()
		list = append(list, buf.Bytes())
	}
	return list, size
}

// BenchmarkPipeline takes export objects to compressed request bodies on one
// core. BenchmarkFloor is what no pipeline can do without: it decompresses,
// checks that every line is JSON, and compresses the lines as they are.
func BenchmarkPipeline(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	objects, size := exported(b, 4)
	e := sentinel.NewEncoder()
	zw, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	p := guardduty.Parser{Paths: e.Paths()}
	var row []byte
	body := make([]byte, 0, sentinel.MaxBody)
	out := 0
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		out = 0
		for _, o := range objects {
			if _, err := guardduty.ReadObject(bytes.NewReader(o), func(_ int, text []byte, err error) error {
				if err != nil {
					return err
				}
				f, err := p.Parse(text)
				if err != nil {
					return err
				}
				if row, err = e.Row(row[:0], &f, source); err != nil {
					return err
				}
				if len(body)+len(row)+1 > sentinel.MaxBody {
					out += len(body)
					compress(zw, body)
					body = body[:0]
				}
				body = append(append(body, row...), ',')
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		out += len(body)
		compress(zw, body)
		body = body[:0]
	}
	b.ReportMetric(float64(out)/float64(size), "out/in")
}

func BenchmarkFloor(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	objects, size := exported(b, 4)
	zw, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	body := make([]byte, 0, sentinel.MaxBody)
	var zr gzip.Reader
	var dec jsontext.Decoder
	lines := bufio.NewReaderSize(nil, 32<<10)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, o := range objects {
			if err := zr.Reset(bytes.NewReader(o)); err != nil {
				b.Fatal(err)
			}
			lines.Reset(&zr)
			for {
				line, err := lines.ReadSlice('\n')
				if err != nil {
					break
				}
				dec.Reset(bytes.NewBuffer(line))
				if err := dec.SkipValue(); err != nil {
					b.Fatal(err)
				}
				if len(body)+len(line) > sentinel.MaxBody {
					compress(zw, body)
					body = body[:0]
				}
				body = append(body, line...)
			}
		}
		compress(zw, body)
		body = body[:0]
	}
}

func compress(zw *gzip.Writer, body []byte) {
	zw.Reset(io.Discard)
	zw.Write(body)
	zw.Close()
}
