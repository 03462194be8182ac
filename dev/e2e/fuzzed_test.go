package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// fuzzed is an object of a few lines of one random shape, most of them findings.
func fuzzed(r *rand.Rand) []byte {
	size := 1 << (8 + r.IntN(15)) // to 4 MB
	var b strings.Builder
	for range 1 + r.IntN(max(1, min(1000, 8<<20/size))) {
		value := &shape{r: r, left: size}
		value.write(0)
		b.WriteString(head + value.String() + pick(r, "}", "}", "}", "") + "\n")
	}
	return zipped(b.String())
}

// shape writes one JSON value of about so many bytes.
type shape struct {
	strings.Builder
	r    *rand.Rand
	left int
	name int
}

func (s *shape) put(text string) {
	s.WriteString(text)
	s.left -= len(text)
}

func (s *shape) write(depth int) {
	switch kind := s.r.IntN(8); {
	case depth > 9000 || s.left <= 0:
		s.put("1")
	case kind < 3:
		s.list('{', '}', depth, true)
	case kind < 5:
		s.list('[', ']', depth, false)
	case kind == 5:
		s.put(pick(s.r, "1", "-0.0e-1", "1e308", "9"+strings.Repeat("9", s.r.IntN(1+min(s.left, 100_000)))))
	default:
		part := pick(s.r, "a", `\u0000`, `\ud83d\ude00`, "é", `\"`, `\\`, "\U0001F600")
		s.put(`"` + strings.Repeat(part, s.r.IntN(1+s.left/len(part))) + `"`)
	}
}

// list writes an object or an array: of many small parts, or of a part that is
// one itself, and so on.
func (s *shape) list(open, end byte, depth int, named bool) {
	s.put(string(open))
	for i := 0; i == 0 || s.left > 0 && s.r.IntN(1000) > 0; i++ {
		if i > 0 {
			s.put(",")
		}
		if named {
			s.name++
			s.put(fmt.Sprintf(`"%x":`, s.name))
		}
		if s.r.IntN(3) == 0 {
			s.write(depth + 1)
		} else {
			s.put(pick(s.r, "1", "{}", "[]", `""`, "null"))
		}
	}
	s.put(string(end))
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }
