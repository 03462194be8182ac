package guardduty

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Limits of one export object, in decompressed bytes. A finding is bounded by
// EventBridge's 256 KB, since the same text is an event's detail; these leave
// room and keep a hostile object from filling memory or a run.
const (
	MaxLine   = 4 << 20
	MaxObject = 1 << 30
)

// ErrLineTooLong marks a line of more than MaxLine bytes. The lines after it
// are still read.
var ErrLineTooLong = fmt.Errorf("line longer than %d bytes", MaxLine)

// ErrObjectTooLong marks an object of more than MaxObject bytes.
var ErrObjectTooLong = fmt.Errorf("object longer than %d bytes", MaxObject)

// ErrDamaged marks content that reading again will not mend: a gzip stream
// that is cut off or whose checksum is wrong.
var ErrDamaged = errors.New("damaged gzip")

// reader yields the lines of one export object, decompressed when the content
// begins with gzip's magic bytes, whatever its name or declared encoding.
type reader struct {
	src   *source
	lines *bufio.Reader
	gz    *gzip.Reader
	long  []byte // a line that does not fit the buffer
	holds bool   // room among the long lines
	line  int
	read  int64
}

// source remembers a read error, so that a broken connection is told from
// broken content.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// readers keeps the large buffers of gzip and bufio for the next object.
type readers struct {
	raw, lines sync.Pool
	gzip       sync.Pool
}

var pools = readers{
	raw:   sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 16<<10) }},
	lines: sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }},
}

// ReadObject calls line with each line of r that is not blank, numbered from
// 1, without its line end. The slice is valid during the call. A line over
// MaxLine comes as a nil slice with ErrLineTooLong. An error of line ends the
// reading and is returned as it is.
//
// A broken connection returns r's own error. Damaged content returns an error
// that is ErrDamaged, after all lines that could be read; the number of the
// last line seen is returned in every case.
func ReadObject(r io.Reader, line func(n int, text []byte, err error) error) (int, error) {
	src := &source{r: r}
	raw := pools.raw.Get().(*bufio.Reader)
	raw.Reset(src)
	defer func() { raw.Reset(nil); pools.raw.Put(raw) }()

	rd := &reader{src: src}
	content, err := rd.open(raw)
	if err != nil {
		return 0, rd.cause(err)
	}
	defer rd.close()
	rd.lines = pools.lines.Get().(*bufio.Reader)
	rd.lines.Reset(content)
	defer func() { rd.lines.Reset(nil); pools.lines.Put(rd.lines) }()
	return rd.each(line)
}

// open looks at the first bytes and returns the decompressed content.
func (rd *reader) open(raw *bufio.Reader) (io.Reader, error) {
	magic, err := raw.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	if gz, ok := pools.gzip.Get().(*gzip.Reader); ok {
		rd.gz = gz
		return gz, gz.Reset(raw)
	}
	rd.gz, err = gzip.NewReader(raw)
	return rd.gz, err
}

func (rd *reader) close() {
	if rd.gz != nil {
		pools.gzip.Put(rd.gz)
	}
}

// longLine is the length above which a line is kept to itself: a finding is
// below it. Only few such lines are read, and worked on, at a time in the whole
// process, whatever the number of objects.
const longLine = 256 << 10

// longLines has room for the long lines in memory.
var longLines = make(chan struct{}, 2)

// grow makes room for a long line; done gives it back with the line's memory.
func (rd *reader) grow() {
	if !rd.holds {
		longLines <- struct{}{}
		rd.holds = true
	}
}

func (rd *reader) done() {
	if rd.holds {
		rd.holds, rd.long = false, nil
		<-longLines
	}
}

// each reads line by line. The text of a damaged stream's last, partial line
// is not handed out.
func (rd *reader) each(line func(int, []byte, error) error) (int, error) {
	defer rd.done()
	for {
		rd.done()
		text, err := rd.next()
		switch {
		case errors.Is(err, ErrLineTooLong):
			err = line(rd.line, nil, ErrLineTooLong)
		case err != nil && err != io.EOF:
			return rd.line, rd.cause(err)
		case len(bytes.TrimSpace(text)) > 0:
			if lineErr := line(rd.line, text, nil); lineErr != nil {
				return rd.line, lineErr
			}
		}
		if err != nil {
			if err == io.EOF {
				return rd.line, nil
			}
			return rd.line, err
		}
	}
}

// next returns the next line without its end. At the end of the content it
// returns what is left with io.EOF.
func (rd *reader) next() ([]byte, error) {
	text, err := rd.lines.ReadSlice('\n')
	rd.line++
	rd.read += int64(len(text))
	if err != bufio.ErrBufferFull {
		return trimEnd(text), rd.bounded(err)
	}
	rd.long = append(rd.long[:0], text...)
	tooLong := false
	for err == bufio.ErrBufferFull {
		text, err = rd.lines.ReadSlice('\n')
		rd.read += int64(len(text))
		if tooLong = tooLong || len(rd.long)+len(text) > MaxLine+2; tooLong {
			rd.done() // nothing of it is kept
		} else {
			if len(rd.long)+len(text) > longLine {
				rd.grow()
			}
			rd.long = append(rd.long, text...)
		}
		if rd.read > MaxObject {
			return nil, ErrObjectTooLong
		}
	}
	if err == nil && tooLong {
		return nil, ErrLineTooLong
	}
	if tooLong && err == io.EOF {
		return nil, ErrLineTooLong // the end shows at the next call
	}
	return trimEnd(rd.long), rd.bounded(err)
}

// bounded adds the object's limit to err.
func (rd *reader) bounded(err error) error {
	if (err == nil || err == io.EOF) && rd.read > MaxObject {
		return ErrObjectTooLong
	}
	return err
}

// cause tells a broken connection from damaged content.
func (rd *reader) cause(err error) error {
	switch {
	case rd.src.err != nil:
		return rd.src.err
	case errors.Is(err, ErrObjectTooLong):
		return err
	default:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
}

func trimEnd(text []byte) []byte {
	text = bytes.TrimSuffix(text, []byte("\n"))
	return bytes.TrimSuffix(text, []byte("\r"))
}
