package fault_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/fault"
)

var update = flag.Bool("update", false, "write the list of codes into docs/operations.md")

// operations is the page with the list of codes, between two marks.
const (
	operations = "../../../docs/operations.md"
	begin      = "<!-- codes, made by make docs: begin -->\n"
	end        = "<!-- codes, made by make docs: end -->\n"
)

// TestContractCodes holds the catalogue to the codes that are declared, in both
// directions: a code is shown in the run history, and whoever looks it up has
// to find it, with the meaning it always had.
func TestContractCodes(t *testing.T) {
	text, err := os.ReadFile("code.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[fault.Code]int{}
	for _, m := range regexp.MustCompile(`(?m)^\s+\w+\s+Code = "(.*)"`).FindAllStringSubmatch(string(text), -1) {
		declared[fault.Code(m[1])]++
	}
	if len(declared) == 0 {
		t.Fatal("code.go declares no code")
	}
	listed := map[fault.Code]int{}
	for _, e := range fault.Catalogue() {
		listed[e.Code]++
	}
	if !maps.Equal(declared, listed) {
		t.Errorf("the catalogue has %v, want each code of code.go once, %v", listed, declared)
	}
}

func TestCatalogue(t *testing.T) {
	list := fault.Catalogue()
	byCode := func(a, b fault.Entry) int { return strings.Compare(string(a.Code), string(b.Code)) }
	if !slices.IsSortedFunc(list, byCode) {
		t.Error("the catalogue is not in the order of its codes")
	}
	for _, e := range list {
		if !regexp.MustCompile(`^GD1[0-5][0-9]{2}$`).MatchString(string(e.Code)) {
			t.Errorf("%q is not a code such as GD1001", e.Code)
		}
		for name, text := range map[string]string{"Means": e.Means, "Causes": e.Causes, "Fix": e.Fix} {
			if text == "" {
				t.Errorf("%s has no %s", e.Code, name)
			}
		}
		if strings.ContainsAny(e.Means+e.Causes+e.Fix+e.More, "|\r\n") {
			t.Errorf("%s has a text that does not fit a cell of a table", e.Code)
		}
	}
}

// TestCodesInOperations holds docs/operations.md to the catalogue. make docs
// writes the list.
func TestCodesInOperations(t *testing.T) {
	text, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	list, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has lost the marks of its list", operations)
	}
	want := table(fault.Catalogue())
	if *update {
		if err := os.WriteFile(operations, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if list != want {
		t.Errorf("the codes of %s are not those of the catalogue: make docs", operations)
	}
}

// table writes the catalogue as a table.
func table(list []fault.Entry) string {
	var b strings.Builder
	b.WriteString("\n| code | what it means | likely causes | how to fix it |\n| --- | --- | --- | --- |\n")
	for _, e := range list {
		fix := e.Fix
		if e.More != "" {
			fix += ". " + e.More
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Code, e.Means, e.Causes, fix)
	}
	return b.String() + "\n"
}
