package control

import (
	"context"
	"net/http"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
)

// versityBucket is the one bucket of versitygw.
const versityBucket = "guardduty-findings"

// gateway returns the versitygw beside the cloud. The first call starts it, and
// Close stops it.
func (s *Server) gateway() (*servers.Versity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versity != nil {
		return s.versity, nil
	}
	v, err := servers.StartVersity(context.Background(), servers.VersityOptions{
		Region: cloud.Region, Buckets: []string{versityBucket},
	})
	if err != nil {
		return nil, err
	}
	s.versity = v
	return v, nil
}

func (s *Server) startVersity(*http.Request) (any, error) {
	v, err := s.gateway()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"Endpoint": v.Endpoint, "Bucket": versityBucket, "Region": v.Region,
		"AccessKeyID": v.Access, "SecretAccessKey": v.Secret,
	}, nil
}

// putVersity stores the body, last modified at ?modified=.
func (s *Server) putVersity(r *http.Request) (any, error) {
	body, modified, err := upload(r)
	if err != nil {
		return nil, err
	}
	v, err := s.gateway()
	if err != nil {
		return nil, err
	}
	return nil, v.Put(versityBucket, r.PathValue("key"), body, modified)
}

func (s *Server) deleteVersity(r *http.Request) (any, error) {
	v, err := s.gateway()
	if err != nil {
		return nil, err
	}
	return nil, v.Delete(versityBucket, r.PathValue("key"))
}
