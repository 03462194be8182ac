package seed

import (
	"errors"
	"fmt"
	"strings"
)

// BuiltIn is where the repository keeps its generated findings, seen from the
// repository's root.
const BuiltIn = "dev/testdata/findings.jsonl"

// Forms says in one sentence what Read takes.
const Forms = "GuardDuty findings as JSON: lines, arrays or pretty-printed, .gz or not, in the form of GuardDuty's " +
	"export, of aws guardduty get-findings, of EventBridge events or of Security Hub"

// Input is what Read found.
type Input struct {
	// Findings have the form of GuardDuty's export, each on one line. Those that
	// had it before are kept byte for byte, but for their white space.
	Findings [][]byte
	// Notes say what was converted, what was skipped and why, file by file.
	Notes []string
}

// Reader reads findings. The zero value is ready.
type Reader struct {
	// Max is how many bytes all files may have together, unzipped; 0 is MaxBytes.
	// They are held in memory.
	Max int64
}

// MaxBytes is how much is read when Reader.Max is 0.
const MaxBytes = 256 << 20

// Read reads the findings of files and folders with the default Reader.
func Read(list string) (Input, error) { return Reader{}.Read(list) }

// Read reads the findings of a file, of a folder with all folders below it, or
// of several, separated by the list separator of the system (":") or a comma;
// patterns such as "*.json" and a "~/" at the beginning are understood. See
// Forms for what may be in the files. Whatever else is in them is skipped with
// a note. The same update of a finding is taken once. An input without a
// finding, or one that is too large, is an error.
func (r Reader) Read(list string) (Input, error) {
	files, notes, err := expand(list)
	if err != nil {
		return Input{}, fmt.Errorf("findings: %w", err)
	}
	left := r.Max
	if left == 0 {
		left = MaxBytes
	}
	in := &reading{max: left, left: left, seen: map[string]bool{}}
	for _, name := range files {
		f := &file{reading: in, name: name, counts: map[form]int{}}
		if err := f.read(); err != nil {
			return Input{}, fmt.Errorf("findings: %w", err)
		}
		notes = append(notes, f.notes()...)
	}
	if len(in.findings) == 0 {
		return Input{}, none(list, notes)
	}
	return Input{Findings: in.findings, Notes: shorten(notes)}, nil
}

// ReadFindings reads a file or folder that holds nothing but findings in the
// form of GuardDuty's export. Anything else in it is an error.
func ReadFindings(path string) ([][]byte, error) {
	in, err := Read(path)
	if err != nil {
		return nil, err
	}
	if len(in.Notes) > 0 {
		return nil, errors.New("findings: " + in.Notes[0])
	}
	return in.Findings, nil
}

// none is the error for an input without a finding.
func none(list string, notes []string) error {
	text := fmt.Sprintf("findings: none in %s; give %s", list, Forms)
	for _, note := range shorten(notes) {
		text += "\n  " + note
	}
	return errors.New(text)
}

// mostNotes is how many notes are given in full.
const mostNotes = 20

// shorten leaves out the notes beyond the first ones: they would not be read.
func shorten(notes []string) []string {
	if len(notes) <= mostNotes {
		return notes
	}
	skipped := 0
	for _, note := range notes[mostNotes:] {
		if strings.Contains(note, skippedMark) {
			skipped++
		}
	}
	more := fmt.Sprintf("... and %d notes more, %d of them on what was skipped", len(notes)-mostNotes, skipped)
	return append(notes[:mostNotes:mostNotes], more)
}

// skippedMark stands in every note on something that was not read.
const skippedMark = ": skipped"
