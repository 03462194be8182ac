package servers

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// VersityModule is what to install as .tools/versitygw in the repository.
const VersityModule = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// VersityOptions say how versitygw runs.
type VersityOptions struct {
	// Binary is the program; "" is .tools/versitygw in the repository, or else
	// versitygw in the PATH.
	Binary string
	// Access and Secret are the one account; "" is "testkey" and "testsecret".
	Access, Secret string
	// Region of the signatures; "" is us-east-1.
	Region string
	// Dir is a folder for all that it keeps; "" is a temporary one that Stop
	// removes.
	Dir string
	// Buckets are made before it starts.
	Buckets []string
	// IAM makes it look up users and their policies in a server of its own,
	// and hold every request to them; else there is only the one account,
	// which may do everything.
	IAM bool
	// Log gets what it prints; nil is nowhere. The writer must last until Stop
	// returns.
	Log io.Writer
}

// Versity is a running versitygw, an S3 server that checks signatures.
type Versity struct {
	// Endpoint is the URL for path-style requests.
	Endpoint string
	// IAM is the URL of the server for users, roles and policies, which takes
	// the account's key; "" without VersityOptions.IAM.
	IAM string
	// Access, Secret and Region are what it was started with.
	Access, Secret, Region string

	dir       string
	temporary bool
	process   *process
	iam       *process
}

// StartVersity starts versitygw on a free port and waits until it answers.
// When it is not installed, the error wraps ErrMissing. The caller must Stop it.
func StartVersity(ctx context.Context, opts VersityOptions) (*Versity, error) {
	program, err := versityProgram(opts.Binary)
	if err != nil {
		return nil, err
	}
	v := &Versity{
		Access: orElse(opts.Access, "testkey"), Secret: orElse(opts.Secret, "testsecret"),
		Region: orElse(opts.Region, "us-east-1"), dir: opts.Dir,
	}
	if v.dir == "" {
		v.temporary = true
		if v.dir, err = os.MkdirTemp("", "versitygw-"); err != nil {
			return nil, fmt.Errorf("versitygw: %w", err)
		}
	}
	return retried(func() (*Versity, error) {
		if err := v.start(ctx, program, opts); err != nil {
			return nil, errors.Join(err, v.Stop())
		}
		return v, nil
	})
}

func versityProgram(binary string) (string, error) {
	const how = "go install " + VersityModule + " with GOBIN set to .tools in the repository"
	if binary != "" {
		return installed(binary, how)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	program, err := installed(filepath.Join(root, ".tools", "versitygw"), how)
	if err == nil {
		return program, nil
	}
	if found, lookErr := exec.LookPath("versitygw"); lookErr == nil {
		return found, nil
	}
	return "", err
}

func (v *Versity) start(ctx context.Context, program string, opts VersityOptions) error {
	for _, dir := range []string{v.data(), v.sidecar(), v.staging()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("versitygw: %w", err)
		}
	}
	for _, bucket := range opts.Buckets {
		if err := os.MkdirAll(filepath.Join(v.data(), bucket), 0o755); err != nil {
			return fmt.Errorf("versitygw: bucket: %w", err)
		}
	}
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		// It would lead to its maker's site.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	account := []string{"--access", v.Access, "--secret", v.Secret, "--region", v.Region}
	var users []string
	if opts.IAM {
		if users, err = v.startIAM(ctx, client, program, opts.Log, account, ports[1]); err != nil {
			return err
		}
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	v.Endpoint = "http://" + address
	v.process, err = launch(opts.Log, program, slices.Concat(account, []string{"--port", address, "-q"}, users,
		[]string{"posix", "--sidecar", v.sidecar(), v.data()})...)
	if err != nil {
		return err
	}
	return v.process.ready(ctx, client, v.Endpoint)
}

// startIAM starts the server for users, and returns the arguments with which
// the S3 server finds it.
func (v *Versity) startIAM(
	ctx context.Context, client *http.Client, program string, log io.Writer, account []string, port int,
) (_ []string, err error) {
	address, socket := fmt.Sprintf("127.0.0.1:%d", port), filepath.Join(v.dir, "iam.sock")
	users := filepath.Join(v.dir, "iam")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) { // of an earlier start
		return nil, fmt.Errorf("versitygw: %w", err)
	}
	if err := os.MkdirAll(users, 0o700); err != nil {
		return nil, fmt.Errorf("versitygw: %w", err)
	}
	v.IAM = "http://" + address
	args := slices.Concat(account, []string{"--port", address, "iam", "--dir", users, "--private-ports", socket, "-q"})
	v.iam, err = launch(log, program, args...)
	if err != nil {
		return nil, err
	}
	if err := v.iam.ready(ctx, client, v.IAM); err != nil {
		return nil, err
	}
	return []string{
		"--iam-standalone-endpoint", socket, "--iam-standalone-access", v.Access, "--iam-standalone-secret", v.Secret,
	}, nil
}

// Stop ends versitygw, and removes its files when their folder was made for
// it. A second call does nothing.
func (v *Versity) Stop() error {
	var errs []error
	for _, p := range []*process{v.process, v.iam} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	if v.temporary {
		errs = append(errs, os.RemoveAll(v.dir))
	}
	return errors.Join(errs...)
}

// Put drops an object on the disk below a bucket's folder, which it makes when
// there is none. The file's time is what the server shows as LastModified;
// uploads could not set it. The ETag is the MD5 sum, as of an upload. A key
// that ends in "/" is a folder marker: it has no body, and its LastModified is
// not lasting, as the disk changes it with what is put into the folder.
//
// A key cannot also be the folder of another ("a" beside "a/b"): that is an
// error, here as in an upload.
func (v *Versity) Put(bucket, key string, body []byte, lastModified time.Time) error {
	if !filepath.IsLocal(filepath.FromSlash(key)) || !filepath.IsLocal(bucket) {
		return fmt.Errorf("put %q in %q: the name leaves the folder", key, bucket)
	}
	if err := v.put(bucket, key, body, lastModified); err != nil {
		return fmt.Errorf("put %q in %q: %w", key, bucket, err)
	}
	return nil
}

func (v *Versity) put(bucket, key string, body []byte, lastModified time.Time) error {
	sum := md5.Sum(body)
	// The sidecar has a folder of attributes for each object.
	meta := filepath.Join(v.sidecar(), bucket, filepath.FromSlash(key), "meta")
	if err := os.MkdirAll(meta, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(meta, "etag"), []byte(`"`+hex.EncodeToString(sum[:])+`"`), 0o644); err != nil {
		return err
	}
	file := filepath.Join(v.data(), bucket, filepath.FromSlash(key))
	if strings.HasSuffix(key, "/") {
		if len(body) > 0 {
			return errors.New("a folder marker has no body")
		}
		if err := os.MkdirAll(file, 0o755); err != nil {
			return err
		}
		return os.Chtimes(file, lastModified, lastModified)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	// Whole and with its time before it can be seen.
	staged, err := os.CreateTemp(v.staging(), "")
	if err != nil {
		return err
	}
	_, err = staged.Write(body)
	if err = errors.Join(err, staged.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(staged.Name(), lastModified, lastModified); err != nil {
		return err
	}
	return os.Rename(staged.Name(), file)
}

// Delete removes an object of a bucket; it is an error when there is none.
func (v *Versity) Delete(bucket, key string) error {
	if !filepath.IsLocal(filepath.FromSlash(key)) || !filepath.IsLocal(bucket) {
		return fmt.Errorf("delete %q in %q: the name leaves the folder", key, bucket)
	}
	if err := os.Remove(filepath.Join(v.data(), bucket, filepath.FromSlash(key))); err != nil {
		return fmt.Errorf("delete %q in %q: %w", key, bucket, err)
	}
	return nil
}

func (v *Versity) data() string    { return filepath.Join(v.dir, "data") }
func (v *Versity) sidecar() string { return filepath.Join(v.dir, "sidecar") }
func (v *Versity) staging() string { return filepath.Join(v.dir, "staging") }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
