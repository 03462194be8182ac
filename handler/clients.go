package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/azclient"
	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/logsingestion"
	"guardduty-sentinel/handler/internal/s3archive"
	"guardduty-sentinel/handler/internal/state"
)

// tryTimeout bounds one attempt of a call to Azure.
const tryTimeout = 60 * time.Second

// clients are the adapters of one configuration.
type clients struct {
	creds   s3archive.Credentials
	archive *s3archive.Archive
	table   *logsingestion.Table
	state   *state.Store
}

func newClients(cfg *config.Config) (*clients, error) {
	options := azclient.Options(&http.Client{Transport: transport(8)}, policy.RetryOptions{TryTimeout: tryTimeout})
	credential, err := aztoken.Default(options)
	if err != nil {
		return nil, err
	}
	aws := &http.Client{Transport: transport(cfg.FetchConcurrency + 16)}
	creds, err := awsCredentials(cfg, credential, options, aws)
	if err != nil {
		return nil, err
	}
	table, err := logsingestion.New(logsingestion.Config{
		Endpoint: string(cfg.IngestionURL), RuleID: string(cfg.RuleID), Stream: string(cfg.Stream),
		Credential: credential, Options: options,
	})
	if err != nil {
		return nil, err
	}
	store, err := stateStore(cfg, credential, options)
	if err != nil {
		return nil, err
	}
	archive := s3archive.New(s3archive.Config{
		Bucket:      string(cfg.Bucket),
		Region:      string(cfg.Region),
		Endpoint:    string(cfg.S3Endpoint),
		PathStyle:   cfg.S3PathStyle,
		Credentials: creds,
		HTTPClient:  aws,
	})
	return &clients{creds: creds, archive: archive, table: table, state: store}, nil
}

// awsCredentials is the key pair of the vault, or a role assumed with it, or a
// role assumed with an Entra token.
func awsCredentials(cfg *config.Config, credential azcore.TokenCredential, options azcore.ClientOptions,
	client *http.Client) (s3archive.Credentials, error) {
	role := awscreds.RoleConfig{
		RoleARN:    string(cfg.RoleARN),
		ExternalID: string(cfg.RoleExternalID),
		Region:     string(cfg.Region),
		Endpoint:   string(cfg.STSEndpoint),
		HTTPClient: client,
	}
	if cfg.Keyless() {
		return awscreds.NewWebIdentity(role, string(cfg.WebIdentityAudience), credential), nil
	}
	pair, err := awscreds.NewKeyPair(awscreds.VaultConfig{
		URL:                   string(cfg.VaultURL),
		AccessKeyIDSecret:     string(cfg.AccessKeyIDSecret),
		SecretAccessKeySecret: string(cfg.SecretAccessKeySecret),
		Credential:            credential,
		Options:               options,
		Now:                   time.Now,
	})
	if err != nil {
		return nil, err
	}
	if cfg.RoleARN != "" {
		return awscreds.NewRole(role, pair), nil
	}
	return pair, nil
}

// stateStore reaches the table as the storage connection says. An identity
// named by the connection is used only for the table.
func stateStore(cfg *config.Config, credential azcore.TokenCredential,
	options azcore.ClientOptions) (*state.Store, error) {
	if cfg.State.ClientID != "" {
		own, err := aztoken.ManagedIdentity(cfg.State.ClientID, options)
		if err != nil {
			return nil, fmt.Errorf("state table: %w", err)
		}
		credential = own
	}
	return state.New(state.Config{
		ConnectionString: cfg.State.ConnectionString, URL: cfg.State.TableURL, Credential: credential,
		Table: string(cfg.StateTable), Bucket: string(cfg.Bucket), Prefix: string(cfg.Prefix), Options: options,
	})
}

// transport is tuned for many small calls to one host: enough idle connections
// that they are reused, and HTTP/1.1, whose connections are independent.
func transport(connections int) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: tryTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		DisableCompression:    true,
		Protocols:             http1,
	}
}
