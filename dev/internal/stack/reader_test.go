package stack_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
	"guardduty-sentinel/dev/internal/stack"
)

const bucket, elsewhere = "findings", "elsewhere"

func render(t *testing.T, parameters ...string) *stack.Stack {
	t.Helper()
	s, err := stack.Render(t.Context(), stack.Export, parameters...)
	serverstest.Need(t, err)
	return s
}

// readerClient returns an S3 client with the key of the stack's user.
func readerClient(t *testing.T, s *stack.Stack) *s3.Client {
	t.Helper()
	v := serverstest.Versity(t, servers.VersityOptions{IAM: true, Buckets: []string{bucket, elsewhere}})
	for _, key := range []string{
		"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/a.jsonl.gz", "AWSLogs/o-abc/1/GuardDuty/x.jsonl.gz",
		"AWSLogsOther/x", "other/x",
		"gd/AWSLogs/1/a", "gd/other/x", "gdx/AWSLogs/1/a",
	} {
		for _, b := range []string{bucket, elsewhere} {
			if err := v.Put(b, key, []byte("x"), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	key, err := s.MakeReader(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(v.Endpoint), UsePathStyle: true, Region: v.Region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	})
}

// attempt is something that the reader tries.
type attempt struct {
	name string
	do   func(*testing.T, *s3.Client) error
}

func list(in, prefix string) attempt {
	return attempt{"list " + in + "/" + prefix, func(t *testing.T, c *s3.Client) error {
		input := &s3.ListObjectsV2Input{Bucket: &in}
		if prefix != "" {
			input.Prefix = &prefix
		}
		page, err := c.ListObjectsV2(t.Context(), input)
		if err == nil && len(page.Contents) == 0 {
			t.Errorf("list %s/%s shows nothing", in, prefix)
		}
		return err
	}}
}

func get(in, key string) attempt {
	return attempt{"get " + in + "/" + key, func(t *testing.T, c *s3.Client) error {
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &in, Key: &key})
		if err == nil {
			out.Body.Close()
		}
		return err
	}}
}

// writes are all that changes something, on what the reader may read.
func writes(key string) []attempt {
	b := aws.String(bucket)
	return []attempt{
		{"put", func(t *testing.T, c *s3.Client) error {
			_, err := c.PutObject(t.Context(),
				&s3.PutObjectInput{Bucket: b, Key: aws.String(key + ".new"), Body: strings.NewReader("x")})
			return err
		}},
		{"overwrite", func(t *testing.T, c *s3.Client) error {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("x")})
			return err
		}},
		{"copy", func(t *testing.T, c *s3.Client) error {
			_, err := c.CopyObject(
				t.Context(),
				&s3.CopyObjectInput{
					Bucket:     b,
					Key:        aws.String(key + ".copy"),
					CopySource: aws.String(bucket + "/" + key),
				},
			)
			return err
		}},
		{"multipart upload", func(t *testing.T, c *s3.Client) error {
			_, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: b, Key: &key})
			return err
		}},
		{"delete", func(t *testing.T, c *s3.Client) error {
			_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: b, Key: &key})
			return err
		}},
		{"delete several", func(t *testing.T, c *s3.Client) error {
			out, err := c.DeleteObjects(
				t.Context(),
				&s3.DeleteObjectsInput{
					Bucket: b,
					Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &key}}},
				},
			)
			if err == nil && len(out.Errors) == 1 {
				return &smithy.GenericAPIError{Code: *out.Errors[0].Code}
			}
			return err
		}},
		{"tag", func(t *testing.T, c *s3.Client) error {
			_, err := c.PutObjectTagging(
				t.Context(),
				&s3.PutObjectTaggingInput{
					Bucket:  b,
					Key:     &key,
					Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}},
				},
			)
			return err
		}},
		{"change the policy", func(t *testing.T, c *s3.Client) error {
			_, err := c.PutBucketPolicy(t.Context(),
				&s3.PutBucketPolicyInput{Bucket: b, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
			return err
		}},
		{"read the policy", func(t *testing.T, c *s3.Client) error {
			_, err := c.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: b})
			return err
		}},
		{"delete the bucket", func(t *testing.T, c *s3.Client) error {
			_, err := c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: b})
			return err
		}},
		{"make a bucket", func(t *testing.T, c *s3.Client) error {
			_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("another")})
			return err
		}},
	}
}

func try(t *testing.T, c *s3.Client, allowed bool, attempts ...attempt) {
	t.Helper()
	for _, a := range attempts {
		err := a.do(t, c)
		var api smithy.APIError
		switch refused := errors.As(err, &api) && api.ErrorCode() == "AccessDenied"; {
		case err != nil && !refused:
			t.Errorf("%s = %v, want an answer about permission", a.name, err)
		case refused == allowed:
			t.Errorf("%s = %v, want allowed %t", a.name, err, allowed)
		}
	}
}

// The user of the template may do what the connector does, and nothing else.
func TestReaderOnAServerThatEnforcesIAM(t *testing.T) {
	const export = "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/"
	c := readerClient(t, render(t, "Reader=KeyPair", "BucketName="+bucket))
	try(t, c, true, list(bucket, "AWSLogs/"), list(bucket, "AWSLogs/o-abc/"),
		list(bucket, "AWSLogs/111122223333/GuardDuty/"), list(bucket, export), get(bucket, export+"a.jsonl.gz"),
		get(bucket, "AWSLogs/o-abc/1/GuardDuty/x.jsonl.gz"))
	try(t, c, false, list(bucket, ""), list(bucket, "other/"), list(bucket, "AWSLogsOther/"), list(bucket, "AWSLogs"),
		list(bucket, "gd/AWSLogs/"), list(elsewhere, "AWSLogs/"), get(bucket, "other/x"),
		get(bucket, "AWSLogsOther/x"), get(bucket, "gd/AWSLogs/1/a"), get(elsewhere, export+"a.jsonl.gz"))
	try(t, c, false, writes(export+"a.jsonl.gz")...)
}

// With a prefix, the export is what lies below it, and the rest of the bucket
// is none of the reader's business.
func TestReaderStaysBelowThePrefix(t *testing.T) {
	c := readerClient(t, render(t, "Reader=KeyPair", "BucketName="+bucket, "ExportPrefix=gd"))
	try(t, c, true, list(bucket, "gd/AWSLogs/"), get(bucket, "gd/AWSLogs/1/a"))
	try(t, c, false, list(bucket, "gd/"), list(bucket, "gdx/AWSLogs/"), list(bucket, "AWSLogs/"),
		get(bucket, "gd/other/x"), get(bucket, "gdx/AWSLogs/1/a"), get(elsewhere, "gd/AWSLogs/1/a"))
	try(t, c, false, writes("gd/AWSLogs/1/a")...)
}

// The other readers have the same policy, so what holds for the user holds for them.
func TestReadersHaveOnePolicy(t *testing.T) {
	var documents []string
	for _, reader := range [][]string{{"Reader=KeyPair"}, keyless, externalRole} {
		document, err := render(
			t,
			append([]string{"BucketName=" + bucket}, reader...)...).Policy("ReaderPolicy", "PolicyDocument")
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, document)
	}
	if documents[0] != documents[1] || documents[0] != documents[2] {
		t.Errorf("the readers' policies = %q, want one", documents)
	}
}
