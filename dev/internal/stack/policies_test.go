package stack_test

import (
	"maps"
	"testing"

	"guardduty-sentinel/dev/internal/iampolicy"
	"guardduty-sentinel/dev/internal/stack"
)

const (
	account   = "111122223333"
	tenant    = "11111111-2222-3333-4444-555555555555"
	identity  = "99999999-8888-7777-6666-555555555555"
	detector  = "arn:aws:guardduty:eu-west-1:111122223333:detector/0123456789abcdef0123456789abcdef"
	guardDuty = "guardduty.amazonaws.com"
	throughS3 = "s3.eu-west-1.amazonaws.com"
	bucketARN = "arn:aws:s3:::" + bucket
)

var (
	keyless      = []string{"Reader=Keyless", "EntraTenantId=" + tenant, "EntraPrincipalId=" + identity}
	externalRole = []string{
		"Reader=ExternalRole",
		"TrustedPrincipalArn=arn:aws:iam::444455556666:user/connector",
		"ExternalId=an-external-id-of-ours",
	}
)

// policy returns a document of a stack.
func policy(t *testing.T, s *stack.Stack, resource, property string) *iampolicy.Document {
	t.Helper()
	text, err := s.Policy(resource, property)
	if err != nil {
		t.Fatal(err)
	}
	d, err := iampolicy.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", resource, err)
	}
	return d
}

// verdict is a case: who asks for what, and what the document says.
type verdict struct {
	name    string
	request iampolicy.Request
	want    iampolicy.Decision
}

func judge(t *testing.T, d *iampolicy.Document, verdicts []verdict) {
	t.Helper()
	for _, v := range verdicts {
		if got := d.Decide(v.request); got != v.want {
			t.Errorf("%s: Decide(%+v) = %d, want %d", v.name, v.request, got, v.want)
		}
	}
}

// from is the context of a call that GuardDuty makes for a detector.
func from(account, detector string) map[string]string {
	return map[string]string{"aws:SourceAccount": account, "aws:SourceArn": detector, "aws:SecureTransport": "true"}
}

// service is a request that a service makes for itself, which has its names.
func service(name, action, resource string, context map[string]string) iampolicy.Request {
	context = with(context, "aws:PrincipalServiceName", name)
	return iampolicy.Request{Kind: "Service", Principal: name, Action: action, Resource: resource, Context: context,
		Lists: map[string][]string{"aws:PrincipalServiceNamesList": {name}}}
}

// asUser is a request of an IAM identity, or of a service on its behalf.
func asUser(arn, action, resource string, context map[string]string) iampolicy.Request {
	context = with(context, "aws:PrincipalArn", arn)
	return iampolicy.Request{Kind: "AWS", Principal: arn, Action: action, Resource: resource, Context: context}
}

func with(context map[string]string, key, value string) map[string]string {
	context = maps.Clone(context)
	if context == nil {
		context = map[string]string{}
	}
	context[key] = value
	return context
}

// GuardDuty encrypts for this account's detector and for no other's, so
// that no other account can have it write with this key.
func TestKeyIsForThisDetector(t *testing.T) {
	s := render(t, "Reader=KeyPair")
	key := s.Outputs["KeyArn"].Value
	const encrypt = "kms:GenerateDataKey"
	judge(t, policy(t, s, "Key", "KeyPolicy"), []verdict{
		{"the detector", service(guardDuty, encrypt, key, from(account, detector)), iampolicy.Allowed},
		{"another detector", service(guardDuty, encrypt, key, from(account, detector+"0")), iampolicy.Silent},
		{
			"another account",
			service(guardDuty, encrypt, key,
				from("444455556666", "arn:aws:guardduty:eu-west-1:444455556666:detector/x")),
			iampolicy.Silent,
		},
		{"a forged account", service(guardDuty, encrypt, key, from("444455556666", detector)), iampolicy.Silent},
		{"no source", service(guardDuty, encrypt, key, nil), iampolicy.Silent},
		{"decrypting", service(guardDuty, "kms:Decrypt", key, from(account, detector)), iampolicy.Silent},
		{"another service", service("ec2.amazonaws.com", encrypt, key, from(account, detector)), iampolicy.Silent},
	})
}

func TestKeyAndBucketTakeOtherRegionsWhenGiven(t *testing.T) {
	far := from(account, "arn:aws:guardduty:us-east-1:111122223333:detector/x")
	foreign := from(account, "arn:aws:guardduty:us-east-1:444455556666:detector/x")
	near := from(account, "arn:aws:guardduty:eu-west-1:111122223333:detector/x")
	for _, tt := range []struct {
		parameters           []string
		far, foreign, anyOne iampolicy.Decision
	}{
		{nil, iampolicy.Silent, iampolicy.Silent, iampolicy.Silent},
		{[]string{"CreateDestination=false"}, iampolicy.Silent, iampolicy.Silent, iampolicy.Allowed},
		{[]string{"ExportFrom=AllRegions"}, iampolicy.Allowed, iampolicy.Silent, iampolicy.Allowed},
	} {
		s := render(t, append([]string{"Reader=KeyPair", "BucketName=" + bucket}, tt.parameters...)...)
		for _, c := range []struct{ resource, property, action, on string }{
			{"Key", "KeyPolicy", "kms:GenerateDataKey", s.Outputs["KeyArn"].Value},
			{"BucketPolicy", "PolicyDocument", "s3:PutObject", bucketARN + "/AWSLogs/x"},
		} {
			judge(t, policy(t, s, c.resource, c.property), []verdict{
				{"another region", service(guardDuty, c.action, c.on, far), tt.far},
				{"another account", service(guardDuty, c.action, c.on, foreign), tt.foreign},
				{"this region", service(guardDuty, c.action, c.on, near), tt.anyOne},
			})
		}
	}
}

func TestAnotherAccountsGuardDuty(t *testing.T) {
	const other = "444455556666"
	s := render(
		t,
		append(
			[]string{
				"BucketName=" + bucket, "ExportingAccountId=" + other, "CreateDestination=false",
				"ExportFrom=AllRegions",
			},
			keyless...)...)
	judge(t, policy(t, s, "BucketPolicy", "PolicyDocument"), []verdict{
		{
			"that account",
			service(guardDuty, "s3:PutObject", bucketARN+"/AWSLogs/x",
				from(other, "arn:aws:guardduty:us-east-1:444455556666:detector/x")),
			iampolicy.Allowed,
		},
		{
			"this account",
			service(guardDuty, "s3:PutObject", bucketARN+"/AWSLogs/x", from(account, detector)),
			iampolicy.Silent,
		},
	})
}

func TestBucketPolicy(t *testing.T) {
	s := render(t, "Reader=KeyPair", "BucketName="+bucket, "ExportPrefix=gd")
	plain := map[string]string{"aws:SecureTransport": "false", "aws:SourceAccount": account, "aws:SourceArn": detector}
	admin := "arn:aws:iam::" + account + ":root"
	judge(t, policy(t, s, "BucketPolicy", "PolicyDocument"), []verdict{
		{
			"GuardDuty looks for the bucket",
			service(guardDuty, "s3:GetBucketLocation", bucketARN, from(account, detector)),
			iampolicy.Allowed,
		},
		{
			"GuardDuty writes",
			service(guardDuty, "s3:PutObject", bucketARN+"/gd/AWSLogs/"+account+"/x", from(account, detector)),
			iampolicy.Allowed,
		},
		{
			"GuardDuty writes the folder",
			service(guardDuty, "s3:PutObject", bucketARN+"/gd/", from(account, detector)),
			iampolicy.Allowed,
		},
		{
			"GuardDuty writes elsewhere",
			service(guardDuty, "s3:PutObject", bucketARN+"/other", from(account, detector)),
			iampolicy.Silent,
		},
		{
			"GuardDuty deletes",
			service(guardDuty, "s3:DeleteObject", bucketARN+"/gd/x", from(account, detector)),
			iampolicy.Silent,
		},
		{
			"GuardDuty reads",
			service(guardDuty, "s3:GetObject", bucketARN+"/gd/x", from(account, detector)),
			iampolicy.Silent,
		},
		{
			"GuardDuty for another account",
			service(guardDuty, "s3:PutObject", bucketARN+"/gd/x", from("444455556666", detector)),
			iampolicy.Silent,
		},
		{
			"another service",
			service("cloudtrail.amazonaws.com", "s3:PutObject", bucketARN+"/gd/x", from(account, detector)),
			iampolicy.Silent,
		},
		{"GuardDuty without TLS", service(guardDuty, "s3:PutObject", bucketARN+"/gd/x", plain), iampolicy.Denied},
		{"the account itself without TLS", asUser(admin, "s3:GetObject", bucketARN+"/gd/x", plain), iampolicy.Denied},
		{"a list without TLS", asUser(admin, "s3:ListBucket", bucketARN, plain), iampolicy.Denied},
	})
}
