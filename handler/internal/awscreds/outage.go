package awscreds

import (
	"context"
	"time"
)

// While the vault is out of reach and a pair is in hand, the vault is asked
// again after outagePause, for no longer than outageWait: runs continue meanwhile.
const (
	outagePause = 5 * time.Minute
	outageWait  = 30 * time.Second
)

// outage is a time in which the vault could not be read.
type outage struct {
	since time.Time // zero: there is none
	next  time.Time // when the vault is asked again
	err   error     // of the last attempt
}

// due reports whether the vault has to be read.
func (k *KeyPair) due() bool {
	switch {
	case k.read.IsZero():
		return true
	case !k.outage.since.IsZero():
		return !k.now().Before(k.outage.next)
	default:
		return k.now().Sub(k.read) >= vaultTTL
	}
}

// refresh reads the pair. When the vault is out of reach and a pair is in hand,
// that is kept and the outage is remembered.
func (k *KeyPair) refresh(ctx context.Context) error {
	if k.read.IsZero() {
		return k.readBoth(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, outageWait)
	defer cancel()
	err := k.readBoth(bounded)
	if err == nil || ctx.Err() != nil || !outOfReach(err) {
		return err
	}
	if k.outage.since.IsZero() {
		k.outage.since = k.now()
	}
	k.outage.next, k.outage.err = k.now().Add(outagePause), err
	return nil
}

// Outage returns since when the vault could not be read although the pair was
// due, with the last error. The time is zero when there is nothing to tell.
func (k *KeyPair) Outage() (since time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.outage.since, k.outage.err
}

// Outage is that of the key pair's vault; a web identity has none.
func (r *Role) Outage() (since time.Time, err error) {
	if r.base == nil {
		return time.Time{}, nil
	}
	return r.base.Outage()
}
