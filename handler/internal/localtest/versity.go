package localtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// Versity is versitygw beside the local cloud: an S3 server that checks
// signatures, with one account and one bucket. The tests of a package share it.
type Versity struct {
	Endpoint, Bucket, Region string
	AccessKeyID              string
	SecretAccessKey          string

	cloud *Cloud
}

// Versity returns the cloud's versitygw, which the first call starts. It skips
// the test when versitygw is not installed.
func (c *Cloud) Versity(t testing.TB) *Versity {
	t.Helper()
	v := &Versity{cloud: c}
	c.ask(t, http.MethodPost, "/versity", nil, v)
	return v
}

// Put stores an object as last modified at a time, which an upload could not
// set. No key may be the folder of another.
func (v *Versity) Put(t testing.TB, key string, body []byte, modified time.Time) {
	t.Helper()
	v.cloud.ask(t, http.MethodPut, "/versity/"+escape(key)+"?modified="+url.QueryEscape(modified.Format(time.RFC3339)),
		body, nil)
}

// Delete removes an object.
func (v *Versity) Delete(t testing.TB, key string) {
	t.Helper()
	v.cloud.ask(t, http.MethodDelete, "/versity/"+escape(key), nil, nil)
}
