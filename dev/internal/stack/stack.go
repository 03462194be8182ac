// Package stack works the CloudFormation templates of infra/aws out for given
// parameters, and makes their users on a server that holds requests to IAM
// policies.
package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"guardduty-sentinel/dev/internal/servers"
)

// Export is the template of the bucket, the key and the reader.
const Export = "infra/aws/guardduty-export.yaml"

// Stack is a template worked out: no function and no parameter is left in it.
type Stack struct {
	Resources map[string]Resource
	Outputs   map[string]struct{ Value string }
}

// Resource is one resource of a stack.
type Resource struct {
	Type       string
	Properties map[string]any
}

// Render works a template out. Parameters have the form NAME=VALUE; those of
// AWS itself, such as AWS::Region, may be among them. Without Node or the
// packages of dev the error wraps servers.ErrMissing.
func Render(ctx context.Context, template string, parameters ...string) (*Stack, error) {
	root, err := servers.Root()
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node: %w", servers.ErrMissing)
	}
	if _, err := os.Stat(filepath.Join(root, "dev", "node", "node_modules", "yaml")); err != nil {
		return nil, fmt.Errorf("dev/node/node_modules: %w (npm ci --ignore-scripts in dev/node)", servers.ErrMissing)
	}
	args := append([]string{"dev/node/cloudformation/cli.mjs", template}, parameters...)
	cmd := exec.CommandContext(ctx, node, args...)
	cmd.Dir = root
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", template, err, bytes.TrimSpace(problems.Bytes()))
	}
	s := new(Stack)
	if err := json.Unmarshal(out, s); err != nil {
		return nil, fmt.Errorf("%s: %w", template, err)
	}
	return s, nil
}

// Policy returns a resource's policy document as JSON; a document that the
// template writes as text is returned as it is.
func (s *Stack) Policy(resource, property string) (string, error) {
	document, ok := s.Resources[resource].Properties[property]
	if !ok {
		return "", fmt.Errorf("the stack has no %s.%s", resource, property)
	}
	return Document(document)
}

// Document returns a policy document as JSON.
func Document(document any) (string, error) {
	if text, ok := document.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(document)
	return string(text), err
}
