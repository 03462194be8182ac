package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// pipeline runs the product's own benchmark of the row pipeline, which has no
// network in it, and takes its figures.
func pipeline(ctx context.Context, b *bench) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "Pipeline", "-benchtime", "2s",
		"./handler/internal/logsingestion")
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w: %s", err, out)
	}
	own, floor := benchmark(string(out), "pipeline"), benchmark(string(out), "floor")
	if own["MB/s"] == "" || own["%-of-floor"] == "" || floor["MB/s"] == "" {
		return nil, fmt.Errorf("the benchmark does not tell its figures: %s", out)
	}
	return []figure{
		{"E", "row pipeline on one core", own["MB/s"] + " MB/s", ""},
		{"E", "its floor: decompress, check, compress", floor["MB/s"] + " MB/s", ""},
		{"E", "the pipeline's part of its floor", own["%-of-floor"] + " %", ""},
	}, nil
}

// benchmark reads the figures of one sub-benchmark by their units.
func benchmark(out, name string) map[string]string {
	figures := make(map[string]string)
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if _, sub, _ := strings.Cut(fields[0], "/"); sub != name && !strings.HasPrefix(sub, name+"-") {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			figures[fields[i+1]] = fields[i]
		}
	}
	return figures
}
