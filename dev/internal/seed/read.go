package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// BuiltIn is where the repository keeps its generated findings, seen from the
// repository's root.
const BuiltIn = "dev/testdata/findings.jsonl"

// ReadFindings reads JSON lines from a file, or from every *.jsonl file of a
// folder in the order of their names. Each finding is its line, byte for byte,
// without the line's end; lines with nothing but white space are left out. A
// line that is not JSON is an error that names the file and the line, and so
// is a path that holds no finding.
func ReadFindings(path string) ([][]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = jsonLines(path); err != nil {
			return nil, err
		}
	}
	var findings [][]byte
	for _, file := range files {
		lines, err := readFile(file)
		if err != nil {
			return nil, err
		}
		findings = append(findings, lines...)
	}
	if len(findings) == 0 {
		return nil, fmt.Errorf("findings: none in %s", path)
	}
	return findings, nil
}

// jsonLines are the *.jsonl files of a folder, in the order of their names.
func jsonLines(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == ".jsonl" {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

func readFile(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	var findings [][]byte
	for n, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(line, &object); err != nil {
			return nil, fmt.Errorf("%s:%d: not a JSON object: %w", file, n+1, err)
		}
		if object == nil {
			return nil, fmt.Errorf("%s:%d: not a JSON object: null", file, n+1)
		}
		findings = append(findings, line)
	}
	return findings, nil
}
