package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// fields is Fault without its methods, so that the two below do not call
// themselves.
type fields Fault

type wire struct {
	fields
	Delay string `json:"delay,omitempty"`
}

// MarshalJSON writes the delay as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	w := wire{fields: fields(f)}
	if f.Delay != 0 {
		w.Delay = f.Delay.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes. An unknown name is an error,
// since a fault that lost a field to a slip of the pen strikes too much.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var w wire
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	got := Fault(w.fields)
	if w.Delay != "" {
		var err error
		if got.Delay, err = time.ParseDuration(w.Delay); err != nil {
			return fmt.Errorf("fault: delay: %w", err)
		}
	}
	if err := got.check(); err != nil {
		return err
	}
	*f = got
	return nil
}
