package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Reasons why Verify refuses a token.
var (
	// ErrMalformed says that the token has not the shape of one.
	ErrMalformed = errors.New("token is malformed")
	// ErrSignature says that the token was not issued by this Server.
	ErrSignature = errors.New("token has a wrong signature")
	// ErrAudience says that the token is for another service.
	ErrAudience = errors.New("token is for another audience")
	// ErrExpired says that the token is not valid at this time.
	ErrExpired = errors.New("token is not valid now")
)

// maxToken bounds the text that Verify looks at.
const maxToken = 16 << 10

// claims are those of Entra's tokens (version 1.0) that anything here reads.
type claims struct {
	Audience string `json:"aud"`
	Issuer   string `json:"iss"`
	IssuedAt int64  `json:"iat"`
	Start    int64  `json:"nbf"`
	Expiry   int64  `json:"exp"`
	AppID    string `json:"appid,omitempty"`
	IDType   string `json:"idtyp"`
	ObjectID string `json:"oid"`
	Subject  string `json:"sub"`
	TenantID string `json:"tid"`
	Version  string `json:"ver"`
}

// issue returns a token for resource and the time at which it expires.
func (s *Server) issue(resource, object, clientID string) (string, time.Time, error) {
	now := s.Now().Truncate(time.Second)
	expires := now.Add(s.Lifetime)
	head, err := segment(map[string]string{"typ": "JWT", "alg": "HS256"})
	if err != nil {
		return "", time.Time{}, err
	}
	body, err := segment(claims{
		Audience: resource,
		Issuer:   s.issuer(),
		IssuedAt: now.Unix(),
		Start:    now.Unix(),
		Expiry:   expires.Unix(),
		AppID:    clientID,
		IDType:   "app",
		ObjectID: object,
		Subject:  object,
		TenantID: s.TenantID,
		Version:  "1.0",
	})
	if err != nil {
		return "", time.Time{}, err
	}
	signed := head + "." + body
	return signed + "." + base64.RawURLEncoding.EncodeToString(s.sign(signed)), expires, nil
}

// Verify returns nil for a token that this Server issued for audience and
// that is valid now, else an error that wraps the reason. The audience must
// be the very text that was asked for as the resource, slashes included.
func (s *Server) Verify(token, audience string) error {
	dot := strings.LastIndexByte(token, '.')
	if len(token) > maxToken || dot < 0 || strings.Count(token, ".") != 2 {
		return ErrMalformed
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(token[dot+1:])
	if err != nil {
		return fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	if !hmac.Equal(sum, s.sign(token[:dot])) {
		return ErrSignature
	}
	_, body, _ := strings.Cut(token[:dot], ".")
	var c claims
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return fmt.Errorf("%w: claims: %w", ErrMalformed, err)
	}
	if c.Audience != audience {
		return fmt.Errorf("%w: %q, not %q", ErrAudience, c.Audience, audience)
	}
	if now := s.Now().Unix(); now < c.Start || now >= c.Expiry {
		return ErrExpired
	}
	return nil
}

func (s *Server) issuer() string { return "https://sts.windows.net/" + s.TenantID + "/" }

func (s *Server) sign(text string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func segment(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}
