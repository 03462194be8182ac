package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// figure is one row of the table.
type figure struct{ scenario, what, reached, wanted string }

// writeTable writes the figures as one table.
func writeTable(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\twhat\treached\twanted")
	fmt.Fprintln(t, "--------\t----\t-------\t------")
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.scenario, f.what, f.reached, cmp.Or(f.wanted, "-"))
	}
	return t.Flush()
}

// median returns the middle of what was measured, of an even number the lower.
func median[T cmp.Ordered](list []T) T {
	return slices.Sorted(slices.Values(list))[(len(list)-1)/2]
}

// spread is the median with a unit, and the range where there is one.
func spread(list []float64, unit string) string {
	text := number(median(list)) + " " + unit
	if low, high := slices.Min(list), slices.Max(list); low != high {
		text += fmt.Sprintf(" (%s to %s)", number(low), number(high))
	}
	return text
}

// number writes a figure with three digits, or more where they stand before
// the point.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// each takes one figure of every sample.
func each(list []sample, of func(sample) float64) []float64 {
	var values []float64
	for _, s := range list {
		values = append(values, of(s))
	}
	return values
}

// own is what the handler's own log says of the duration.
func own(list []sample) figure {
	return figure{
		what:    "by the handler's own log",
		reached: spread(each(list, func(s sample) float64 { return seconds(s.own) }), "s"),
	}
}

// processors is what a run used of the processors: it is less noisy than a
// duration on a machine that has other work too.
func processors(list []sample) figure {
	return figure{what: "processor time of the handler; of the stand-ins", reached: fmt.Sprintf("%s; %s",
		spread(each(list, func(s sample) float64 { return seconds(s.processor) }), "s"),
		spread(each(list, func(s sample) float64 { return seconds(s.standIns) }), "s"))}
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func megabytes(bytes int) float64 { return float64(bytes) / (1 << 20) }
