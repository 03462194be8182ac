package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"guardduty-sentinel/dev/internal/servers"
)

// readerPolicy is the policy as a server can hold requests to it that has only
// one account: it knows no aws:ResourceAccount, and a condition on that would
// hold for none.
func (s *Stack) readerPolicy() (string, error) {
	text, err := s.Policy("ReaderPolicy", "PolicyDocument")
	if err != nil {
		return "", err
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return "", fmt.Errorf("reader: %w", err)
	}
	for _, statement := range document["Statement"].([]any) {
		condition := statement.(map[string]any)["Condition"].(map[string]any)
		equals := condition["StringEquals"].(map[string]any)
		if delete(equals, "aws:ResourceAccount"); len(equals) == 0 {
			delete(condition, "StringEquals")
		}
	}
	return Document(document)
}

// KeyPair is an access key.
type KeyPair struct{ ID, Secret string }

// MakeReader makes the stack's user on a versitygw with IAM, with its policy
// and nothing else, and returns an access key of it.
func (s *Stack) MakeReader(ctx context.Context, v *servers.Versity) (KeyPair, error) {
	document, err := s.readerPolicy()
	if err != nil {
		return KeyPair{}, err
	}
	client := iam.New(iam.Options{
		BaseEndpoint: aws.String(v.IAM), Region: "us-east-1", RetryMaxAttempts: 1, // IAM has one region
		Credentials: credentials.NewStaticCredentialsProvider(v.Access, v.Secret, ""),
	})
	user := aws.String(s.Outputs["ReaderUserName"].Value)
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: user}); err != nil {
		return KeyPair{}, fmt.Errorf("reader: %w", err)
	}
	// The server knows no managed policies; one that is the user's own has the same effect.
	_, err = client.PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("ReaderPolicy"), PolicyDocument: &document})
	if err != nil {
		return KeyPair{}, fmt.Errorf("reader: %w", err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		return KeyPair{}, fmt.Errorf("reader: %w", err)
	}
	return KeyPair{*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey}, nil
}
