package logsingestion_test

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
	"guardduty-sentinel/handler/internal/logsingestion"
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
// core, beside its floor: what no pipeline can do without is to decompress the
// objects, to check that every line is JSON, and to compress the rows, which
// are longer than the lines, since the classic columns repeat parts of them.
func BenchmarkPipeline(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	objects, size := exported(b, 4)
	var bodies [][]byte
	var seconds [2]float64
	measure := func(i int, name string, run func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			run(b)
			seconds[i] = b.Elapsed().Seconds() / float64(b.N)
			if i == 1 {
				b.ReportMetric(100*seconds[0]/seconds[1], "%-of-floor")
				b.ReportMetric(float64(4000*b.N)/b.Elapsed().Seconds(), "findings/s")
			}
		})
	}
	pipeline(b, objects, func(body []byte) { bodies = append(bodies, bytes.Clone(body)) })
	out := 0
	for _, body := range bodies {
		out += len(body)
	}
	b.Logf("%d findings in %d bytes of lines become %d bytes of rows", 4000, size, out)
	zw, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	measure(0, "floor", func(b *testing.B) {
		for b.Loop() {
			floor(b, objects)
			for _, body := range bodies {
				compress(zw, body)
			}
		}
	})
	measure(1, "pipeline", func(b *testing.B) {
		for b.Loop() {
			pipeline(b, objects, func(body []byte) { compress(zw, body) })
		}
	})
}

// pipeline makes request bodies of the objects.
func pipeline(b *testing.B, objects [][]byte, deliver func(body []byte)) {
	p := guardduty.Parser{Paths: encoder.Paths()}
	var reader guardduty.Reader
	var row []byte
	body := make([]byte, 0, logsingestion.MaxBody)
	for _, o := range objects {
		if _, err := reader.ReadObject(bytes.NewReader(o), func(_ int, text []byte, err error) error {
			if err != nil {
				return err
			}
			f, err := p.Parse(text)
			if err != nil {
				return err
			}
			if row, err = encoder.Row(row[:0], &f, source); err != nil {
				return err
			}
			if len(body)+len(row)+1 > logsingestion.MaxBody {
				deliver(body)
				body = body[:0]
			}
			body = append(append(body, row...), ',')
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	deliver(body)
}

var encoder = logsingestion.NewEncoder()

// floor decompresses the objects and checks their lines.
func floor(b *testing.B, objects [][]byte) {
	var zr gzip.Reader
	var dec jsontext.Decoder
	lines := bufio.NewReaderSize(nil, 32<<10)
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
		}
	}
}

func compress(zw *gzip.Writer, body []byte) {
	zw.Reset(io.Discard)
	zw.Write(body)
	zw.Close()
}
