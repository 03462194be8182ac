package s3server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
)

// listAll follows the pages and gives them as "key key|prefix/ …", one text a
// page, in byte order within the page.
func listAll(t *testing.T, c *s3.Client, in s3.ListObjectsV2Input) []string {
	t.Helper()
	in.Bucket = aws.String(s3server.DefaultBucket)
	var pages []string
	for {
		out, err := c.ListObjectsV2(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		var items []string
		for _, o := range out.Contents {
			items = append(items, *o.Key)
		}
		if !slices.IsSorted(items) {
			t.Errorf("keys of a page = %q, want byte order", items)
		}
		for _, p := range out.CommonPrefixes {
			items = append(items, "|"+*p.Prefix)
		}
		if got := int(*out.KeyCount); got != len(items) {
			t.Errorf("KeyCount = %d, want %d", got, len(items))
		}
		pages = append(pages, strings.Join(items, " "))
		if *out.IsTruncated != (out.NextContinuationToken != nil) {
			t.Fatalf("IsTruncated = %v with token %v, want a token when truncated and else none",
				*out.IsTruncated, out.NextContinuationToken)
		}
		if !*out.IsTruncated {
			return pages
		}
		if len(pages) > 100 {
			t.Fatal("more than 100 pages")
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// listKeys are put before each of listings.
var listKeys = []string{"p/b/2", "p/b/1", "p/a", "p/", "p/c/d/e", "p/c-1", "p/c/", "q/1", "é", "Z", "p/b b+%20", "p/é"}

var listings = []struct {
	name string
	in   s3.ListObjectsV2Input
	want []string
}{
	{"byte order", s3.ListObjectsV2Input{},
		[]string{"Z p/ p/a p/b b+%20 p/b/1 p/b/2 p/c-1 p/c/ p/c/d/e p/é q/1 é"}},
	{"prefix", s3.ListObjectsV2Input{Prefix: aws.String("p/c")}, []string{"p/c-1 p/c/ p/c/d/e"}},
	{"prefix of nothing", s3.ListObjectsV2Input{Prefix: aws.String("p/x")}, []string{""}},
	{"start after a key", s3.ListObjectsV2Input{StartAfter: aws.String("p/c/")}, []string{"p/c/d/e p/é q/1 é"}},
	{
		"start after no key",
		s3.ListObjectsV2Input{StartAfter: aws.String("p/b/1~"), Prefix: aws.String("p/b/")},
		[]string{"p/b/2"},
	},
	{
		"start before the prefix",
		s3.ListObjectsV2Input{StartAfter: aws.String("A"), Prefix: aws.String("q")},
		[]string{"q/1"},
	},
	{
		"start after the prefix",
		s3.ListObjectsV2Input{StartAfter: aws.String("q/~"), Prefix: aws.String("p/")},
		[]string{""},
	},
	{"start after all", s3.ListObjectsV2Input{StartAfter: aws.String("ü")}, []string{""}},
	{"delimiter", s3.ListObjectsV2Input{Delimiter: aws.String("/")}, []string{"Z é |p/ |q/"}},
	{"delimiter and prefix", s3.ListObjectsV2Input{Delimiter: aws.String("/"), Prefix: aws.String("p/")},
		[]string{"p/ p/a p/b b+%20 p/c-1 p/é |p/b/ |p/c/"}},
	{"delimiter and part of a name", s3.ListObjectsV2Input{Delimiter: aws.String("/"), Prefix: aws.String("p/c")},
		[]string{"p/c-1 |p/c/"}},
	{"start inside a common prefix", s3.ListObjectsV2Input{
		Delimiter: aws.String("/"), Prefix: aws.String("p/"), StartAfter: aws.String("p/b/1"),
	}, []string{"p/c-1 p/é |p/c/"}},
	{"start after a name without its delimiter", s3.ListObjectsV2Input{
		Delimiter: aws.String("/"), Prefix: aws.String("p/"), StartAfter: aws.String("p/b"),
	}, []string{"p/b b+%20 p/c-1 p/é |p/b/ |p/c/"}},
	{"pages", s3.ListObjectsV2Input{MaxKeys: aws.Int32(3), Prefix: aws.String("p/")},
		[]string{"p/ p/a p/b b+%20", "p/b/1 p/b/2 p/c-1", "p/c/ p/c/d/e p/é"}},
	{
		"a last page that is full",
		s3.ListObjectsV2Input{MaxKeys: aws.Int32(2), Prefix: aws.String("p/b/")},
		[]string{"p/b/1 p/b/2"},
	},
	{"pages of common prefixes", s3.ListObjectsV2Input{
		MaxKeys: aws.Int32(1), Delimiter: aws.String("/"), Prefix: aws.String("p/c"),
	}, []string{"p/c-1", "|p/c/"}},
	{"a common prefix once", s3.ListObjectsV2Input{MaxKeys: aws.Int32(1), Delimiter: aws.String("/")},
		[]string{"Z", "|p/", "|q/", "é"}},
	{"no keys wanted", s3.ListObjectsV2Input{MaxKeys: aws.Int32(0)}, []string{""}},
}

func TestListObjectsV2(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, listKeys...)
	for _, tt := range listings {
		t.Run(tt.name, func(t *testing.T) {
			if got := listAll(t, c, tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("pages = %q, want %q", got, tt.want)
			}
		})
	}
}

// What is wanted of this server, another S3 server does too.
func TestVersitygwListsTheSame(t *testing.T) {
	v := serverstest.Versity(t, servers.VersityOptions{})
	for _, key := range listKeys {
		if err := v.Put(s3server.DefaultBucket, key, nil, noon); err != nil {
			t.Fatal(err)
		}
	}
	c := s3.New(s3.Options{
		BaseEndpoint: aws.String(v.Endpoint), UsePathStyle: true, Region: v.Region,
		Credentials: credentials.NewStaticCredentialsProvider(v.Access, v.Secret, ""),
	})
	for _, tt := range listings {
		t.Run(tt.name, func(t *testing.T) {
			got := listAll(t, c, tt.in)
			if n := len(got); n > 1 && got[n-1] == "" {
				got = got[:n-1] // versitygw can end with an empty page after a common prefix
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("pages = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestListDefaultPageIsAThousandKeys(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	for i := range 2001 {
		put(t, srv, fmt.Sprintf("k%05d", 2000-i))
	}
	var sizes []int
	var keys []string
	for _, page := range listAll(t, c, s3.ListObjectsV2Input{}) {
		items := strings.Fields(page)
		sizes, keys = append(sizes, len(items)), append(keys, items...)
	}
	if want := []int{1000, 1000, 1}; !slices.Equal(sizes, want) {
		t.Errorf("page sizes = %v, want %v", sizes, want)
	}
	if !slices.Equal(keys, srv.Keys()) {
		t.Errorf("the pages hold %d keys from %s, want the %d of Keys() in their order", len(keys), keys[0],
			len(srv.Keys()))
	}
	if got := srv.Count(s3server.ListObjectsV2); got != 3 {
		t.Errorf("Count(ListObjectsV2) = %d, want 3", got)
	}
}

func TestPageSizeBoundsPagesOfObjects(t *testing.T) {
	srv, c := start(t, s3server.Options{PageSize: 2})
	for _, key := range []string{"a/1", "a/2", "a/3", "b/1", "c/1"} {
		put(t, srv, key)
	}
	want := []string{"a/1 a/2", "a/3 b/1", "c/1"}
	if got := listAll(t, c, s3.ListObjectsV2Input{}); !slices.Equal(got, want) {
		t.Errorf("pages = %q, want %q", got, want)
	}
	want = []string{"a/1", "a/2", "a/3"}
	one := s3.ListObjectsV2Input{MaxKeys: aws.Int32(1), Prefix: aws.String("a/")}
	if got := listAll(t, c, one); !slices.Equal(got, want) {
		t.Errorf("pages of one key = %q, want %q", got, want)
	}
	want = []string{"|a/ |b/ |c/"}
	if got := listAll(t, c, s3.ListObjectsV2Input{Delimiter: aws.String("/")}); !slices.Equal(got, want) {
		t.Errorf("pages of folders = %q, want %q", got, want)
	}
}

func TestListRefusals(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "k")
	tests := []struct {
		name string
		in   s3.ListObjectsV2Input
		want string
	}{
		{"no such bucket", s3.ListObjectsV2Input{Bucket: aws.String("nowhere")}, "NoSuchBucket"},
		{
			"not a token",
			s3.ListObjectsV2Input{Bucket: aws.String(srv.Bucket()), ContinuationToken: aws.String("%")},
			"InvalidArgument",
		},
		{
			"negative page",
			s3.ListObjectsV2Input{Bucket: aws.String(srv.Bucket()), MaxKeys: aws.Int32(-1)},
			"InvalidArgument",
		},
		{"huge page", s3.ListObjectsV2Input{Bucket: aws.String(srv.Bucket()), MaxKeys: aws.Int32(5000)}, "ok"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.ListObjectsV2(t.Context(), &tt.in); code(err) != tt.want {
				t.Errorf("ListObjectsV2() = %s, want %s", code(err), tt.want)
			}
		})
	}
}

func TestListEncodesKeysOnRequest(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "a b/+ü%\x01")
	out, err := c.ListObjectsV2(t.Context(),
		&s3.ListObjectsV2Input{Bucket: aws.String(srv.Bucket()), EncodingType: "url"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.Contents[0].Key, "a+b/%2B%C3%BC%25%01"; got != want {
		t.Errorf("Key = %s, want %s", got, want)
	}
}

func TestListSeesChanges(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "b")
	check := func(want string) {
		t.Helper()
		if got := listAll(t, c, s3.ListObjectsV2Input{}); !slices.Equal(got, []string{want}) {
			t.Errorf("pages = %q, want %q", got, want)
		}
	}
	check("b")
	put(t, srv, "a", "b", "c")
	check("a b c")
	if err := srv.Delete("b"); err != nil {
		t.Fatal(err)
	}
	check("a c")
}
