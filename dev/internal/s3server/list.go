package s3server

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// listResult is the answer to ListObjectsV2. gofakes3's leaves out a KeyCount
// of 0, which S3 sends, and knows no encoding-type.
type listResult struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int64
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []listedPrefix
}

type listedObject struct {
	Key, LastModified, ETag string
	Size                    int64
	StorageClass            string
	RestoreStatus           *restoreStatus
}

type listedPrefix struct{ Prefix string }

// list answers ListObjectsV2 and leaves the rest to gofakes3.
func (s *Server) list(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := classify(r)
		if req.Operation != ListObjectsV2 {
			rest.ServeHTTP(w, r)
			return
		}
		page, err := pageOf(req.Query)
		if err != nil {
			refuse(w, r, http.StatusBadRequest, "InvalidArgument", err.Error())
			return
		}
		prefix := gofakes3.Prefix{Prefix: req.Query.Get("prefix"), Delimiter: req.Query.Get("delimiter")}
		shown := page
		if s.pageSize > 0 && prefix.Delimiter == "" {
			shown.MaxKeys = min(page.MaxKeys, int64(s.pageSize))
		}
		found, err := s.store.ListBucket(req.Bucket, &prefix, shown)
		if err != nil {
			refuse(w, r, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
			return
		}
		out := result(req, page, found)
		if asksForRestoreStatus(r) {
			s.addRestoreStatus(req.Bucket, &out, found)
		}
		answer(w, http.StatusOK, out)
	})
}

type argumentError string

func (e argumentError) Error() string { return string(e) }

// pageOf reads the marker and the size of a page. A continuation token, which
// is the marker in disguise, counts before start-after.
func pageOf(q url.Values) (gofakes3.ListBucketPage, error) {
	page := gofakes3.ListBucketPage{Marker: q.Get("start-after"), MaxKeys: gofakes3.MaxBucketKeys}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return page, argumentError("Provided max-keys not an integer or within integer range")
		}
		page.MaxKeys = min(n, gofakes3.MaxBucketKeys)
	}
	if q.Has("continuation-token") {
		marker, err := base64.StdEncoding.DecodeString(q.Get("continuation-token"))
		if err != nil || len(marker) == 0 {
			return page, argumentError("The continuation token provided is incorrect")
		}
		page.Marker = string(marker)
	}
	return page, nil
}

func result(req Request, page gofakes3.ListBucketPage, found *gofakes3.ObjectList) listResult {
	q := req.Query
	shown := func(s string) string { return s }
	if q.Get("encoding-type") == "url" {
		shown = func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	}
	out := listResult{
		Name: req.Bucket, Prefix: shown(q.Get("prefix")), StartAfter: shown(q.Get("start-after")),
		Delimiter:         shown(q.Get("delimiter")),
		ContinuationToken: q.Get("continuation-token"), EncodingType: q.Get("encoding-type"), MaxKeys: page.MaxKeys,
		IsTruncated: found.IsTruncated, KeyCount: len(found.Contents) + len(found.CommonPrefixes),
	}
	if found.IsTruncated {
		out.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(found.NextMarker))
	}
	for _, o := range found.Contents {
		out.Contents = append(out.Contents, listedObject{
			Key: shown(o.Key), LastModified: o.LastModified.UTC().Format("2006-01-02T15:04:05.000Z"), ETag: o.ETag,
			Size: o.Size, StorageClass: string(o.StorageClass),
		})
	}
	for _, p := range found.CommonPrefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{shown(p.Prefix)})
	}
	return out
}

// ListBucket gives one page of a bucket as S3 does: keys and common prefixes
// in one byte order, both counted by MaxKeys, each of them greater than the
// marker, and a next marker only where there is something after it.
//
// gofakes3's own backend shows a common prefix again on the page after the one
// it ended, says that a page follows when none of what follows has the prefix,
// gives a token with the last page, and lists a folder marker as an object
// where S3 rolls it up.
//
// A common prefix that the marker lies within is less than the marker, so it
// is not shown; S3-compatible servers tested against S3 do the same.
func (s *store) ListBucket(
	name string,
	prefix *gofakes3.Prefix,
	page gofakes3.ListBucketPage,
) (*gofakes3.ObjectList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return nil, gofakes3.BucketNotFound(name)
	}
	if prefix == nil {
		prefix = &gofakes3.Prefix{}
	}
	out := gofakes3.NewObjectList()
	if page.MaxKeys <= 0 {
		return out, nil // gofakes3 has put the default in place of an absent max-keys
	}
	keys := b.keys()
	last := ""
	for i := first(keys, prefix.Prefix, page.Marker); i < len(keys) && strings.HasPrefix(keys[i], prefix.Prefix); {
		item, isPrefix := rollUp(keys[i], prefix)
		if item <= page.Marker {
			i = next(keys, i, item, isPrefix)
			continue
		}
		if int64(len(out.Contents)+len(out.CommonPrefixes)) == page.MaxKeys {
			out.IsTruncated, out.NextMarker = true, last
			break
		}
		if isPrefix {
			out.AddPrefix(item)
		} else {
			o := b.objects[item]
			out.Add(&gofakes3.Content{
				Key: item, LastModified: gofakes3.NewContentTime(o.lastModified), ETag: gofakes3.FormatETag(o.hash),
				Size: int64(len(o.body)), StorageClass: gofakes3.StorageClass(o.place.class()),
			})
		}
		last = item
		i = next(keys, i, item, isPrefix)
	}
	return out, nil
}

// first is where a listing starts: the first key that has the prefix, or a
// greater one that is after the marker.
func first(keys []string, prefix, marker string) int {
	i, _ := slices.BinarySearch(keys, prefix)
	j, found := slices.BinarySearch(keys, marker)
	if found {
		j++
	}
	return max(i, j)
}

// next is the place after an item: after every key below a common prefix.
func next(keys []string, i int, item string, isPrefix bool) int {
	if !isPrefix {
		return i + 1
	}
	rest := keys[i:]
	return i + sort.Search(len(rest), func(n int) bool { return !strings.HasPrefix(rest[n], item) })
}

// rollUp is what a key shows as: itself, or its common prefix, which ends at
// the first delimiter after the listing's prefix.
func rollUp(key string, prefix *gofakes3.Prefix) (item string, isPrefix bool) {
	if prefix.Delimiter == "" {
		return key, false
	}
	rest := key[len(prefix.Prefix):]
	at := strings.Index(rest, prefix.Delimiter)
	if at < 0 {
		return key, false
	}
	return key[:len(prefix.Prefix)+at+len(prefix.Delimiter)], true
}
