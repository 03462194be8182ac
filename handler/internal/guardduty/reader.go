package guardduty

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

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

// ErrDamaged marks content that another read does not change: a gzip stream
// that is cut off or whose checksum is wrong.
var ErrDamaged = errors.New("damaged gzip")

// Reader reads export objects, one at a time. The zero value is ready; it keeps
// its buffers for the next object.
type Reader struct {
	// Long bounds how many long lines several Readers hold at a time; nil does not.
	Long LongLines

	raw, lines *bufio.Reader
	gz         *gzip.Reader
	obj        object
}

// Sizes of a Reader's buffers. Most lines are shorter than lineBuffer; what is
// longer costs a copy.
const (
	rawBuffer  = 4 << 10
	lineBuffer = 8 << 10
)

// object is the state of reading one object.
type object struct {
	src   *source
	long  []byte // a line that does not fit the buffer
	holds bool   // room among the long lines
	line  int
	read  int64
}

// source remembers a read error, so that a broken connection is distinguished
// from broken content.
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

// ReadObject calls line with each line of r that is not blank, numbered from
// 1, without its line end. The content is decompressed when it begins with
// gzip's magic bytes, whatever its name or declared encoding. The slice is valid
// during the call. A line over MaxLine comes as a nil slice with ErrLineTooLong.
// An error of line ends the reading and is returned as it is.
//
// A broken connection returns r's own error. Damaged content returns an error
// that is ErrDamaged, after all lines that could be read; the number of the
// last line seen is returned in every case.
func (rd *Reader) ReadObject(r io.Reader, line func(n int, text []byte, err error) error) (int, error) {
	rd.obj = object{src: &source{r: r}}
	if rd.raw == nil {
		rd.raw, rd.lines = bufio.NewReaderSize(nil, rawBuffer), bufio.NewReaderSize(nil, lineBuffer)
	}
	rd.raw.Reset(rd.obj.src)
	content, err := rd.open()
	if err != nil {
		return 0, rd.cause(err)
	}
	rd.lines.Reset(content)
	return rd.each(line)
}

// open looks at the first bytes and returns the decompressed content.
func (rd *Reader) open() (io.Reader, error) {
	magic, err := rd.raw.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return rd.raw, nil
	}
	if rd.gz == nil {
		rd.gz = new(gzip.Reader)
	}
	return rd.gz, rd.gz.Reset(rd.raw)
}

// longLine is the length above which a line has its own memory: a finding is
// below it.
const longLine = 256 << 10

// LongLines is room for the long lines, and those of many parts, that are in
// memory at a time, whatever the number of objects.
type LongLines chan struct{}

// NewLongLines returns room for two.
func NewLongLines() LongLines { return make(LongLines, 2) }

func (l LongLines) take() {
	if l != nil {
		l <- struct{}{}
	}
}

func (l LongLines) give() {
	if l != nil {
		<-l
	}
}

// grow makes room for a long line; done gives it back with the line's memory.
func (rd *Reader) grow() {
	if !rd.obj.holds {
		rd.Long.take()
		rd.obj.holds = true
	}
}

func (rd *Reader) done() {
	if rd.obj.holds {
		rd.obj.holds, rd.obj.long = false, nil
		rd.Long.give()
	}
}

// each reads line by line. The text of a damaged stream's last, partial line
// is not handed out.
func (rd *Reader) each(line func(int, []byte, error) error) (int, error) {
	defer rd.done()
	for {
		rd.done()
		text, err := rd.next()
		switch {
		case errors.Is(err, ErrLineTooLong):
			err = line(rd.obj.line, nil, ErrLineTooLong)
		case err != nil && err != io.EOF:
			return rd.obj.line, rd.cause(err)
		case len(bytes.TrimSpace(text)) > 0:
			if hasManyParts(text) {
				rd.grow()
			}
			if lineErr := line(rd.obj.line, text, nil); lineErr != nil {
				return rd.obj.line, lineErr
			}
		}
		if err != nil {
			if err == io.EOF {
				return rd.obj.line, nil
			}
			return rd.obj.line, err
		}
	}
}

// next returns the next line without its end. At the end of the content it
// returns what is left with io.EOF.
func (rd *Reader) next() ([]byte, error) {
	text, err := rd.lines.ReadSlice('\n')
	rd.obj.line++
	rd.obj.read += int64(len(text))
	if err != bufio.ErrBufferFull {
		return trimEnd(text), rd.bounded(err)
	}
	rd.obj.long = append(rd.obj.long[:0], text...)
	tooLong := false
	for err == bufio.ErrBufferFull {
		text, err = rd.lines.ReadSlice('\n')
		rd.obj.read += int64(len(text))
		if tooLong = tooLong || len(rd.obj.long)+len(text) > MaxLine+2; tooLong {
			rd.done() // nothing of it is kept
		} else {
			if len(rd.obj.long)+len(text) > longLine {
				rd.grow()
			}
			rd.obj.long = append(rd.obj.long, text...)
		}
		if rd.obj.read > MaxObject {
			return nil, ErrObjectTooLong
		}
	}
	if err == nil && tooLong {
		return nil, ErrLineTooLong
	}
	if tooLong && err == io.EOF {
		return nil, ErrLineTooLong // the end shows at the next call
	}
	return trimEnd(rd.obj.long), rd.bounded(err)
}

// bounded adds the object's limit to err.
func (rd *Reader) bounded(err error) error {
	if (err == nil || err == io.EOF) && rd.obj.read > MaxObject {
		return ErrObjectTooLong
	}
	return err
}

// cause distinguishes a broken connection from damaged content.
func (rd *Reader) cause(err error) error {
	switch {
	case rd.obj.src.err != nil:
		return rd.obj.src.err
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
