package awscreds_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
)

var local = localtest.NewShared()

func TestMain(m *testing.M) { localtest.Main(m, local) }

// clock is a clock that the test advances.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// vault is a key pair of the test's own in the local cloud's vault.
type vault struct {
	*localtest.Cloud
	t       *testing.T
	id, key string // names of the secrets
	clock   *clock
	pair    *awscreds.KeyPair
	url     string
	token   *aztoken.Credential // of the identity of the environment
}

var pairs atomic.Int64

// newVault returns a pair that is not stored yet.
func newVault(t *testing.T) *vault {
	t.Helper()
	c := local.Cloud(t)
	c.UseIdentity(t)
	n := pairs.Add(1)
	v := &vault{
		Cloud: c,
		t:     t,
		id:    fmt.Sprintf("id-%d", n),
		key:   fmt.Sprintf("key-%d", n),
		clock: newClock(),
		url:   c.Settings["KEY_VAULT_URI"],
	}
	v.pair = v.keyPair()
	return v
}

// keyPair makes a client with the identity that the environment has now.
func (v *vault) keyPair() *awscreds.KeyPair {
	v.t.Helper()
	options := v.Options(v.t)
	credential, err := aztoken.Default(options)
	if err != nil {
		v.t.Fatal(err)
	}
	v.token = credential
	pair, err := awscreds.NewKeyPair(awscreds.VaultConfig{
		URL:                   v.url,
		AccessKeyIDSecret:     v.id,
		SecretAccessKeySecret: v.key,
		Credential:            credential,
		Options:               options,
		Now:                   v.clock.Now,
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return pair
}

// store puts a pair into the vault.
func (v *vault) store(id, key string) {
	v.t.Helper()
	v.SetSecret(v.t, v.id, id)
	v.SetSecret(v.t, v.key, key)
}

// wantPair retrieves the pair and checks it.
func (v *vault) wantPair(id, key string) {
	v.t.Helper()
	got, err := v.pair.Retrieve(v.t.Context())
	if err != nil || got.AccessKeyID != id || got.SecretAccessKey != key || got.SessionToken != "" {
		v.t.Errorf("Retrieve = %+v, %v, want %s and %s", got, err, id, key)
	}
}

// wantReads checks how often each secret was read.
func (v *vault) wantReads(n int) {
	v.t.Helper()
	if id, key := v.Reads(v.t, v.id), v.Reads(v.t, v.key); id != n || key != n {
		v.t.Errorf("the vault was read %d and %d times, want %d each", id, key, n)
	}
}

// readsAtMost checks that the secrets were read far less often than they were
// asked for, and returns how often: a caller that comes after the others reads
// an unchanged pair once more.
func (v *vault) readsAtMost(n int) int {
	v.t.Helper()
	got := v.Reads(v.t, v.id)
	if got > n {
		v.t.Errorf("the vault was read %d times, want at most %d", got, n)
	}
	return got
}

// wantFault checks the code of a fault, what it names, and that it shows no
// secret: those of these tests begin with hidden.
func wantFault(t *testing.T, err error, code fault.Code, named string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := fault.Of(err); got.Code != code || !strings.Contains(err.Error(), named) {
		t.Errorf("error = %v, want %s and %q in it", err, code, named)
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("error = %v, which shows a secret", err)
	}
}
