package state

import (
	"encoding/json"
	"fmt"
	"strings"

	"guardduty-sentinel/handler/internal/fault"
)

// owns fails with StateElsewhere when the watermark is that of another
// destination: the two would share the findings out. One without a destination
// is adopted: it has this one's once something was delivered to it.
func (s *Store) owns(watermark []byte) error {
	var r struct{ Destination any } // it may be read where the rest of the row cannot
	if json.Unmarshal(watermark, &r) != nil {
		return nil
	}
	other, _ := r.Destination.(string)
	if other == "" || s.destination == "" || strings.EqualFold(other, s.destination) {
		return nil
	}
	return &fault.Fault{
		Code: fault.StateElsewhere,
		What: fmt.Sprintf("the state of this bucket in %s belongs to the destination %s, and this app sends to %s",
			s.where, other, s.destination),
	}
}
