package fault_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestContractCodes pins the codes to the table of docs/operations.md, in both
// directions: a code stands in the run history, and whoever looks it up has to
// find it, with the meaning it always had.
func TestContractCodes(t *testing.T) {
	inCode := codes(t, "fault.go", `(?m)^\s+\w+\s+Code = "(GD[0-9]{4})"`)
	inDocs := codes(t, "../../../docs/operations.md", "(?m)^\\| `(GD[0-9]{4})` \\|")
	if len(inCode) == 0 {
		t.Fatal("found no code in fault.go")
	}
	for code, n := range inCode {
		if n != 1 || inDocs[code] != 1 {
			t.Errorf("%s: declared %d times with %d rows in docs/operations.md, want 1 and 1", code, n, inDocs[code])
		}
	}
	for _, code := range slices.Sorted(maps.Keys(inDocs)) {
		if inCode[code] == 0 {
			t.Errorf("docs/operations.md has a row for %s, want no row for a code that does not exist", code)
		}
	}
}

// codes counts the codes that pattern finds in a file.
func codes(t *testing.T, path, pattern string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found[m[1]]++
	}
	return found
}
