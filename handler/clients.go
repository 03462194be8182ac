package main

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/azclient"
	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/logsingestion"
	"guardduty-sentinel/handler/internal/outbound"
	"guardduty-sentinel/handler/internal/s3archive"
	"guardduty-sentinel/handler/internal/state"
)

// credentials are those of AWS, which tell of an outage of the vault that they
// come from.
type credentials interface {
	s3archive.Credentials
	Outage() (since time.Time, err error)
}

// clients are the adapters of one configuration.
type clients struct {
	creds   credentials
	archive *s3archive.Archive
	table   *logsingestion.Table
	state   *state.Store
}

func newClients(cfg *config.Config) (*clients, error) {
	options := azclient.Options(outbound.Client(8, os.Getenv), policy.RetryOptions{TryTimeout: outbound.AnswerTimeout})
	credential, err := aztoken.Default(options)
	if err != nil {
		return nil, err
	}
	aws := outbound.Client(cfg.FetchConcurrency+16, os.Getenv)
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
		Owner:       string(cfg.Owner),
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
	client *http.Client) (credentials, error) {
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
		Setting: string(cfg.StateConnection),
		Table:   string(cfg.StateTable), Bucket: string(cfg.Bucket), Prefix: string(cfg.Prefix),
		Destination: fmt.Sprintf("%s %s %s", cfg.IngestionURL, cfg.RuleID, cfg.Stream), Options: options,
	})
}
