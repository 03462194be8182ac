package logsingestion_test

import (
	"testing"

	"guardduty-sentinel/handler/internal/ingest/ingesttest"
	"guardduty-sentinel/handler/internal/localtest"
)

func TestConformance(t *testing.T) {
	ingesttest.Table(t, func(t *testing.T) ingesttest.TableFixture {
		c, table := table(t)
		before := len(c.Rows(t))
		drop := map[ingesttest.Fault]string{
			ingesttest.RequestLost: localtest.DropBefore, ingesttest.AnswerLost: localtest.DropAfter,
		}
		return ingesttest.TableFixture{
			Table: table,
			Breaker: ingesttest.Breaker{Retries: true, Break: func(t *testing.T, f ingesttest.Fault, tries int) func() {
				c.Break(t, "ingestion", localtest.Fault{Drop: drop[f], Times: tries})
				return func() { c.Heal(t, "ingestion") }
			}},
			Accepted: func(t *testing.T) []string { return c.Rows(t)[before:] },
			Bad:      `{"TimeGenerated":"2026-08-01T00:00:00Z","nope_d":1}`,
		}
	})
}
