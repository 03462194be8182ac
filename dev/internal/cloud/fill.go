package cloud

import (
	"path/filepath"

	"guardduty-sentinel/dev/internal/seed"
)

// Findings reads findings as seed.Read does; an empty list is the built-in ones.
func (c *Cloud) Findings(list string) (seed.Input, error) {
	if list != "" {
		return seed.Read(list)
	}
	findings, err := seed.ReadFindings(filepath.Join(c.root, seed.BuiltIn))
	return seed.Input{Findings: findings}, err
}

// Export lays findings out in the bucket as GuardDuty exports them and returns
// the objects.
func (c *Cloud) Export(findings [][]byte, opts seed.Options) ([]seed.Object, error) {
	objects := seed.Plan(findings, opts)
	return objects, c.Put(objects)
}

// Put writes objects into the bucket.
func (c *Cloud) Put(objects []seed.Object) error {
	for _, o := range objects {
		if err := c.S3.Put(o.Key, o.Body, o.LastModified); err != nil {
			return err
		}
	}
	return nil
}
