package cloud

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/tables"
)

func (c *Cloud) startTables(ctx context.Context) error {
	if c.opts.Storage == InMemory || c.opts.Storage == InMemoryWithIdentity {
		return c.startMemory()
	}
	return c.startAzurite(ctx)
}

// startMemory serves the tables of this process: with a key, and where an
// identity is to reach them over TLS with tokens as well.
func (c *Cloud) startMemory() error {
	c.Memory = tables.New()
	service := c.faulty("tables", c.Memory)
	addr, err := c.serve(service, false)
	if err != nil {
		return err
	}
	c.connection = tables.Connection(addr)
	if c.opts.Storage.identity() {
		addr, err = c.serve(tables.WithTokens(service, c.Identity.Verify), true, "127.0.0.1")
		c.tablesURI = "https://" + addr + "/" + servers.Account
	}
	return err
}

func (c *Cloud) startAzurite(ctx context.Context) error {
	log, err := os.Create(filepath.Join(c.opts.Dir, "azurite.log"))
	if err != nil {
		return err
	}
	options := servers.AzuriteOptions{AllServices: c.opts.Storage == AllServices, Log: log}
	if c.opts.Storage.identity() {
		options.OAuth = true
		if options.CertFile, options.KeyFile, err = c.ca.WriteServerPair(c.opts.Dir, "127.0.0.1"); err != nil {
			return errors.Join(err, log.Close())
		}
	}
	if c.Tables, err = servers.StartAzurite(ctx, options); err != nil {
		return errors.Join(err, log.Close())
	}
	c.tablesURI, c.connection = c.Tables.TableEndpoint, c.Tables.ConnectionString
	c.closers = append(c.closers, log.Close, c.Tables.Stop)
	return nil
}

// Connection is the connection string of the tables, with the key of the
// development account that every Azurite has.
func (c *Cloud) Connection() string { return c.connection }
