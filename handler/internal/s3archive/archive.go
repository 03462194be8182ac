// Package s3archive reads export objects from Amazon S3.
package s3archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/outbound"
	"guardduty-sentinel/handler/internal/sigv4"
)

// Credentials are AWS credentials that can be renewed.
type Credentials interface {
	aws.CredentialsProvider
	// Renew reads the credentials again after AWS refused those given, and
	// reports whether they have changed.
	Renew(ctx context.Context, refused aws.Credentials) (bool, error)
}

// Config says which bucket to read and how.
type Config struct {
	Bucket    string
	Owner     string // AWS account of the bucket; empty for any
	Region    string
	Endpoint  string // replaces AWS's own; empty for AWS
	PathStyle bool   // for servers that are not AWS's

	Credentials Credentials
	HTTPClient  *http.Client

	StallTimeout time.Duration // of one read of a body; zero for a minute
}

// Archive is one bucket. It is safe for concurrent use.
type Archive struct {
	client *s3.Client
	cfg    Config
}

var _ ingest.Archive = (*Archive)(nil)

// New returns the archive. It makes no call.
func New(cfg Config) *Archive {
	options := s3.Options{
		Region:       cfg.Region,
		Credentials:  cfg.Credentials,
		HTTPClient:   outbound.Noting(cfg.HTTPClient),
		UsePathStyle: cfg.PathStyle,
		HTTPSignerV4: &sigv4.Signer{RawPath: true},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 4
			o.RateLimiter = noLimit{} // the run's own deadline is the limit
		}),
		// Checksums of single-part objects are computed over the stored bytes;
		// TLS and gzip protect the transfer, and older servers have none.
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}
	if cfg.Endpoint != "" {
		options.BaseEndpoint = aws.String(cfg.Endpoint)
	}
	return &Archive{client: s3.New(options), cfg: cfg}
}

// noLimit lets every attempt through: the SDK's token bucket would refuse
// retries of thousands of small reads for the failures of a few.
type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

func (noLimit) AddTokens(uint) error { return nil }

// List returns up to limit objects below prefix whose keys sort after after.
//
// Keys are requested in URL encoding: a key may hold control characters, which
// XML cannot, and one such key would make its page unreadable on every run.
func (a *Archive) List(ctx context.Context, prefix, after string, limit int) (ingest.Page, error) {
	in := &s3.ListObjectsV2Input{
		Bucket:       &a.cfg.Bucket,
		Prefix:       &prefix,
		EncodingType: types.EncodingTypeUrl,
		MaxKeys:      aws.Int32(int32(limit)),

		OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus},
	}
	if after != "" {
		in.StartAfter = &after
	}
	out, err := a.list(ctx, in)
	if err != nil {
		return ingest.Page{}, err
	}
	if aws.ToBool(out.IsTruncated) && len(out.Contents) == 0 {
		return ingest.Page{}, a.unreachable("list", errors.New("S3 returned an empty page marked as truncated"))
	}
	page := ingest.Page{More: aws.ToBool(out.IsTruncated)}
	page.Time, _ = middleware.GetServerTime(out.ResultMetadata)
	for _, o := range out.Contents {
		page.Objects = append(page.Objects, ingest.Object{
			Key:          decoded(o.Key, out.EncodingType),
			ETag:         strings.Trim(aws.ToString(o.ETag), `"`),
			Size:         aws.ToInt64(o.Size),
			LastModified: aws.ToTime(o.LastModified).UTC(),
			Archived:     archivedIn(o),
		})
	}
	return page, nil
}

// accessPoint ends the alias of an access point, which may stand for a bucket.
// Amazon does not document which of the two names a listing has then.
const accessPoint = "-s3alias"

// owner is the account that the bucket must belong to; nil for any.
func (a *Archive) owner() *string {
	if a.cfg.Owner == "" {
		return nil
	}
	return &a.cfg.Owner
}

// list makes one call. Its answer counts only when it is a listing of the bucket:
// what a proxy or another server says instead, with status 200, reads like an
// empty listing to the SDK, and the watermark would pass everything.
func (a *Archive) list(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	in.ExpectedBucketOwner = a.owner()
	out, err := call(ctx, a, a.client.ListObjectsV2, in)
	switch {
	case err != nil:
		return nil, a.listFault(err)
	case out.Name == nil || out.KeyCount == nil:
		return nil, a.unreachable("list", errors.New("the answer is not a listing: something else than S3 gave it, "+
			"such as a proxy or the server that AWS_ENDPOINT_URL_S3 names"))
	case *out.Name != a.cfg.Bucket && !strings.HasSuffix(a.cfg.Bucket, accessPoint):
		return nil, a.unreachable("list", fmt.Errorf("the answer is a listing of another bucket, %q", *out.Name))
	}
	return out, nil
}

// Folders returns the common prefixes directly below prefix, and S3's time when
// their listing began.
func (a *Archive) Folders(ctx context.Context, prefix string) ([]string, time.Time, error) {
	var folders []string
	var now time.Time
	in := &s3.ListObjectsV2Input{
		Bucket:       &a.cfg.Bucket,
		Prefix:       &prefix,
		EncodingType: types.EncodingTypeUrl,
		Delimiter:    aws.String("/"),
	}
	for {
		out, err := a.list(ctx, in)
		if err != nil {
			return nil, now, err
		}
		if now.IsZero() { // the first page's: what is new since then may be missing
			now, _ = middleware.GetServerTime(out.ResultMetadata)
		}
		for _, p := range out.CommonPrefixes {
			folders = append(folders, decoded(p.Prefix, out.EncodingType))
		}
		if !aws.ToBool(out.IsTruncated) {
			return folders, now, nil
		}
		if out.NextContinuationToken == nil {
			const what = "S3 returned a truncated page without a continuation token"
			return nil, now, a.unreachable("list", errors.New(what))
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// decoded returns a listed name. Servers without URL encoding do not report
// that they used it.
func decoded(name *string, encoding types.EncodingType) string {
	text := aws.ToString(name)
	if encoding == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(text); err == nil {
			return plain
		}
	}
	return text
}

// Open streams the version of the object that was listed. One that is archived
// is a fault that wraps ingest.ErrArchived.
func (a *Archive) Open(ctx context.Context, o ingest.Object) (io.ReadCloser, error) {
	if o.Archived != "" {
		return nil, a.archived(o.Key, o.Archived, restoreClass)
	}
	in := &s3.GetObjectInput{Bucket: &a.cfg.Bucket, Key: &o.Key, ExpectedBucketOwner: a.owner()}
	if o.ETag != "" {
		in.IfMatch = aws.String(`"` + o.ETag + `"`)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	out, err := call(ctx, a, a.client.GetObject, in)
	if err != nil {
		cancel(nil)
		return nil, a.readFault(o.Key, err)
	}
	broken := func(err error) error { return a.readFault(o.Key, err) }
	return timed(ctx, cancel, out.Body, cmp.Or(a.cfg.StallTimeout, stallTimeout), broken), nil
}

// operation is one of the SDK's calls.
type operation[In, Out any] func(context.Context, *In, ...func(*s3.Options)) (*Out, error)

// call makes one call of the SDK, and repeats it with renewed credentials when
// AWS refused those it had. Its error says what the last attempt came to.
func call[In, Out any](ctx context.Context, a *Archive, op operation[In, Out], in *In) (*Out, error) {
	used, err := a.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	noted, attempts := outbound.Watch(ctx)
	out, err := op(noted, in)
	if err == nil || !keyRefused(err) {
		return out, attempts.Explain(err)
	}
	fresh, renewErr := a.cfg.Credentials.Renew(ctx, used)
	if renewErr != nil {
		return nil, renewErr
	}
	if !fresh {
		return nil, err
	}
	out, err = op(noted, in)
	return out, attempts.Explain(err)
}

// noSuchKey reports whether the object is not there.
func noSuchKey(err error) bool {
	_, missing := errors.AsType[*types.NoSuchKey](err)
	return missing
}

// where names the bucket in a fault.
func (a *Archive) where() string { return fmt.Sprintf("bucket %s in %s", a.cfg.Bucket, a.cfg.Region) }
