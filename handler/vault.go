package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"guardduty-sentinel/handler/internal/config"
)

// vaultNotice tells, in the log and in what it returns for the run history, that
// Key Vault is out of reach and runs continue with the key pair that was read last.
func (c *connector) vaultNotice(ctx context.Context, log *slog.Logger) []config.Notice {
	since, err := c.creds.Outage()
	if since.IsZero() {
		return nil
	}
	log.WarnContext(ctx, "key vault cannot be read; the run used the last key pair",
		slog.Time("since", since.UTC()), slog.Any("error", err))
	return []config.Notice{{Level: slog.LevelWarn, Text: fmt.Sprintf("since %s Key Vault cannot be read; runs use the "+
		"key pair that was read before, until AWS refuses it: %v", since.UTC().Format(time.RFC3339), err)}}
}
