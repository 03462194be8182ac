package localtest

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Versity is a running versitygw: an S3 server that checks signatures, with
// one account and one bucket.
type Versity struct {
	Endpoint, Bucket, Region string
	AccessKeyID              string
	SecretAccessKey          string

	dir string
}

// StartVersity starts versitygw for the test. It skips the test when versitygw
// is not installed.
func StartVersity(t testing.TB) *Versity {
	t.Helper()
	binary := program(t, "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 with GOBIN set to .tools", ".tools", "versitygw")
	v := &Versity{Bucket: "guardduty-findings", Region: "eu-west-1", AccessKeyID: "testkey", SecretAccessKey: "testsecret", dir: t.TempDir()}
	for _, dir := range []string{v.file(""), v.meta("")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // the port may be taken before versitygw has it
		if address := freeAddress(t); v.start(t, binary, address) {
			return v
		}
	}
	t.Fatal("versitygw does not start")
	return nil
}

// start reports whether versitygw answers at address.
func (v *Versity) start(t testing.TB, binary, address string) bool {
	t.Helper()
	cmd := exec.Command(binary, "--access", v.AccessKeyID, "--secret", v.SecretAccessKey, "--region", v.Region, "--port", address, "-q",
		"posix", "--sidecar", filepath.Join(v.dir, "sidecar"), filepath.Join(v.dir, "data"))
	cmd.SysProcAttr = childAttr()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	v.Endpoint = "http://" + address
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for range 1000 {
		if res, err := client.Get(v.Endpoint); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			t.Cleanup(func() { cmd.Process.Kill(); <-ended })
			return true
		}
		select {
		case <-ended:
			return false
		case <-poll.C:
		}
	}
	cmd.Process.Kill()
	<-ended
	return false
}

func (v *Versity) file(key string) string {
	return filepath.Join(v.dir, "data", v.Bucket, filepath.FromSlash(key))
}

func (v *Versity) meta(key string) string {
	return filepath.Join(v.dir, "sidecar", v.Bucket, filepath.FromSlash(key))
}

// Put drops an object on the server's disk: an upload could not set the time.
// No key may be the folder of another.
func (v *Versity) Put(t testing.TB, key string, body []byte, modified time.Time) {
	t.Helper()
	meta := filepath.Join(v.meta(key), "meta")
	sum := md5.Sum(body)
	staged := filepath.Join(v.dir, "staged")
	for _, step := range []func() error{
		func() error { return os.MkdirAll(meta, 0o755) },
		func() error {
			return os.WriteFile(filepath.Join(meta, "etag"), []byte(`"`+hex.EncodeToString(sum[:])+`"`), 0o644)
		},
		func() error { return os.MkdirAll(filepath.Dir(v.file(key)), 0o755) },
		func() error { return os.WriteFile(staged, body, 0o644) },
		func() error { return os.Chtimes(staged, modified, modified) },
		func() error { return os.Rename(staged, v.file(key)) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// Delete removes an object.
func (v *Versity) Delete(t testing.TB, key string) {
	t.Helper()
	if err := os.Remove(v.file(key)); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
