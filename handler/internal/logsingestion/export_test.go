package logsingestion

// Column is a column as the tests of the contract see it.
type Column struct{ Name, Type, Path string }

// PathColumns returns the columns that are filled from paths, with the types
// that the table has for what they are filled with.
func PathColumns() []Column {
	types := map[kind]string{
		text:    "string",
		guid:    "string",
		notGUID: "string",
		number:  "real",
		boolean: "boolean",
		instant: "datetime",
		dynamic: "dynamic",
	}
	var list []Column
	for _, c := range columns() {
		list = append(list, Column{c.name, types[c.kind], c.path})
	}
	return list
}

// Shorten is shorten.
func Shorten(value []byte, limit int) []byte { return shorten(value, limit) }
