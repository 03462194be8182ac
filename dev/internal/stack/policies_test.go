package stack_test

import (
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
	externalRole = []string{"Reader=ExternalRole", "TrustedPrincipalArn=arn:aws:iam::444455556666:user/connector", "ExternalId=an-external-id-of-ours"}
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

func service(name, action, resource string, context map[string]string) iampolicy.Request {
	return iampolicy.Request{Kind: "Service", Principal: name, Action: action, Resource: resource, Context: context}
}

func asUser(arn, action, resource string, context map[string]string) iampolicy.Request {
	return iampolicy.Request{Kind: "AWS", Principal: arn, Action: action, Resource: resource, Context: context}
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
		{"another account", service(guardDuty, encrypt, key, from("444455556666", "arn:aws:guardduty:eu-west-1:444455556666:detector/x")), iampolicy.Silent},
		{"a forged account", service(guardDuty, encrypt, key, from("444455556666", detector)), iampolicy.Silent},
		{"no source", service(guardDuty, encrypt, key, nil), iampolicy.Silent},
		{"decrypting", service(guardDuty, "kms:Decrypt", key, from(account, detector)), iampolicy.Silent},
		{"another service", service("ec2.amazonaws.com", encrypt, key, from(account, detector)), iampolicy.Silent},
	})
}

func TestKeyAndBucketTakeOtherRegionsWhenTold(t *testing.T) {
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
	s := render(t, append([]string{"BucketName=" + bucket, "ExportingAccountId=" + other, "CreateDestination=false", "ExportFrom=AllRegions"}, keyless...)...)
	judge(t, policy(t, s, "BucketPolicy", "PolicyDocument"), []verdict{
		{"that account", service(guardDuty, "s3:PutObject", bucketARN+"/AWSLogs/x", from(other, "arn:aws:guardduty:us-east-1:444455556666:detector/x")), iampolicy.Allowed},
		{"this account", service(guardDuty, "s3:PutObject", bucketARN+"/AWSLogs/x", from(account, detector)), iampolicy.Silent},
	})
}

func TestBucketPolicy(t *testing.T) {
	s := render(t, "Reader=KeyPair", "BucketName="+bucket, "ExportPrefix=gd")
	plain := map[string]string{"aws:SecureTransport": "false", "aws:SourceAccount": account, "aws:SourceArn": detector}
	admin := "arn:aws:iam::" + account + ":root"
	judge(t, policy(t, s, "BucketPolicy", "PolicyDocument"), []verdict{
		{"GuardDuty looks for the bucket", service(guardDuty, "s3:GetBucketLocation", bucketARN, from(account, detector)), iampolicy.Allowed},
		{"GuardDuty writes", service(guardDuty, "s3:PutObject", bucketARN+"/gd/AWSLogs/"+account+"/x", from(account, detector)), iampolicy.Allowed},
		{"GuardDuty writes the folder", service(guardDuty, "s3:PutObject", bucketARN+"/gd/", from(account, detector)), iampolicy.Allowed},
		{"GuardDuty writes elsewhere", service(guardDuty, "s3:PutObject", bucketARN+"/other", from(account, detector)), iampolicy.Silent},
		{"GuardDuty deletes", service(guardDuty, "s3:DeleteObject", bucketARN+"/gd/x", from(account, detector)), iampolicy.Silent},
		{"GuardDuty reads", service(guardDuty, "s3:GetObject", bucketARN+"/gd/x", from(account, detector)), iampolicy.Silent},
		{"GuardDuty for another account", service(guardDuty, "s3:PutObject", bucketARN+"/gd/x", from("444455556666", detector)), iampolicy.Silent},
		{"another service", service("cloudtrail.amazonaws.com", "s3:PutObject", bucketARN+"/gd/x", from(account, detector)), iampolicy.Silent},
		{"GuardDuty without TLS", service(guardDuty, "s3:PutObject", bucketARN+"/gd/x", plain), iampolicy.Denied},
		{"the account itself without TLS", asUser(admin, "s3:GetObject", bucketARN+"/gd/x", plain), iampolicy.Denied},
		{"a list without TLS", asUser(admin, "s3:ListBucket", bucketARN, plain), iampolicy.Denied},
	})
}

// The reader decrypts, with this key, and only what S3 reads for it.
func TestReaderDecryptsThroughS3Alone(t *testing.T) {
	for output, parameters := range map[string][]string{"ReaderUserName": {"Reader=KeyPair"}, "ReaderRoleArn": keyless, "ExternalRoleArn": externalRole} {
		s := render(t, parameters...)
		reader := s.Outputs[output].Value
		if output == "ReaderUserName" {
			reader = "arn:aws:iam::" + account + ":user/" + reader
		}
		key := s.Outputs["KeyArn"].Value
		via := func(service string) map[string]string { return map[string]string{"kms:ViaService": service} }
		own, ofKey := policy(t, s, "ReaderPolicy", "PolicyDocument"), policy(t, s, "Key", "KeyPolicy")
		for _, v := range []verdict{
			{"through S3", asUser(reader, "kms:Decrypt", key, via(throughS3)), iampolicy.Allowed},
			{"S3 of another region", asUser(reader, "kms:Decrypt", key, via("s3.us-east-1.amazonaws.com")), iampolicy.Silent},
			{"through another service", asUser(reader, "kms:Decrypt", key, via("dynamodb.eu-west-1.amazonaws.com")), iampolicy.Silent},
			{"directly", asUser(reader, "kms:Decrypt", key, nil), iampolicy.Silent},
			{"encrypting", asUser(reader, "kms:GenerateDataKey", key, via(throughS3)), iampolicy.Silent},
			{"giving it on", asUser(reader, "kms:CreateGrant", key, via(throughS3)), iampolicy.Silent},
			{"deleting the key", asUser(reader, "kms:ScheduleKeyDeletion", key, nil), iampolicy.Silent},
		} {
			if got := own.Decide(v.request); got != v.want {
				t.Errorf("%s, %s: the reader's policy = %d, want %d", output, v.name, got, v.want)
			}
			// The key's policy allows what the account's policies allow; beyond that, the one thing.
			if got := ofKey.Decide(v.request); got != max(v.want, iampolicy.Delegated) {
				t.Errorf("%s, %s: the key's policy = %d, want %d", output, v.name, got, max(v.want, iampolicy.Delegated))
			}
		}
		judge(t, own, []verdict{{"another key", asUser(reader, "kms:Decrypt", key+"0", via(throughS3)), iampolicy.Silent}})
		judge(t, ofKey, []verdict{{"another account", asUser("arn:aws:iam::444455556666:user/x", "kms:Decrypt", key, via(throughS3)), iampolicy.Silent}})
	}
}

// The role is for one identity's token for one audience.
func TestKeylessRoleIsForOneIdentity(t *testing.T) {
	s := render(t, keyless...)
	provider := "arn:aws:iam::" + account + ":oidc-provider/sts.windows.net/" + tenant + "/"
	claims := func(audience, subject string) map[string]string {
		issuer := "sts.windows.net/" + tenant + "/"
		return map[string]string{issuer + ":aud": audience, issuer + ":sub": subject}
	}
	assume := func(provider, action string, context map[string]string) iampolicy.Request {
		return iampolicy.Request{Kind: "Federated", Principal: provider, Action: action, Context: context}
	}
	const action, audience = "sts:AssumeRoleWithWebIdentity", "api://guardduty-sentinel"
	judge(t, policy(t, s, "KeylessRole", "AssumeRolePolicyDocument"), []verdict{
		{"the identity", assume(provider, action, claims(audience, identity)), iampolicy.Allowed},
		{"another identity", assume(provider, action, claims(audience, tenant)), iampolicy.Silent},
		{"another audience", assume(provider, action, claims("api://other", identity)), iampolicy.Silent},
		{"another tenant's claims", assume(provider, action, map[string]string{"sts.windows.net/x/:aud": audience, "sts.windows.net/x/:sub": identity}), iampolicy.Silent},
		{"no subject", assume(provider, action, map[string]string{"sts.windows.net/" + tenant + "/:aud": audience}), iampolicy.Silent},
		{"another provider", assume(provider+"x", action, claims(audience, identity)), iampolicy.Silent},
		{"without a token", asUser("arn:aws:iam::"+account+":root", "sts:AssumeRole", "", claims(audience, identity)), iampolicy.Silent},
		{"with a tagged session", assume(provider, "sts:TagSession", claims(audience, identity)), iampolicy.Silent},
	})
	p := s.Resources["EntraProvider"].Properties
	if got, want := p["Url"], "https://sts.windows.net/"+tenant+"/"; got != want {
		t.Errorf("the provider's URL = %v, want %s", got, want)
	}
}

func TestExternalRoleWantsItsExternalID(t *testing.T) {
	const connector = "arn:aws:iam::444455556666:user/connector"
	id := func(id string) map[string]string { return map[string]string{"sts:ExternalId": id} }
	judge(t, policy(t, render(t, externalRole...), "ExternalRole", "AssumeRolePolicyDocument"), []verdict{
		{"with it", asUser(connector, "sts:AssumeRole", "", id("an-external-id-of-ours")), iampolicy.Allowed},
		{"with another", asUser(connector, "sts:AssumeRole", "", id("an-external-id-of-other")), iampolicy.Silent},
		{"without", asUser(connector, "sts:AssumeRole", "", nil), iampolicy.Silent},
		{"another user", asUser(connector+"2", "sts:AssumeRole", "", id("an-external-id-of-ours")), iampolicy.Silent},
	})
}

// People look and change nothing.
func TestAnalystChangesNothing(t *testing.T) {
	const person = "arn:aws:iam::111122223333:role/Analyst"
	s := render(t, "Reader=KeyPair", "AnalystPrincipalArn="+person)
	judge(t, policy(t, s, "AnalystRole", "AssumeRolePolicyDocument"), []verdict{
		{"the person", asUser(person, "sts:AssumeRole", "", nil), iampolicy.Allowed},
		{"another", asUser(person+"2", "sts:AssumeRole", "", nil), iampolicy.Silent},
	})
	role := s.Resources["AnalystRole"].Properties
	own, err := stack.Document(role["Policies"].([]any)[0].(map[string]any)["PolicyDocument"])
	if err != nil {
		t.Fatal(err)
	}
	d, err := iampolicy.Parse(own)
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]iampolicy.Decision{
		"guardduty:GetFindings": iampolicy.Allowed, "guardduty:ListDetectors": iampolicy.Allowed, "guardduty:DescribePublishingDestination": iampolicy.Allowed,
		"guardduty:ArchiveFindings": iampolicy.Silent, "guardduty:UpdateDetector": iampolicy.Silent, "guardduty:CreateSampleFindings": iampolicy.Silent,
		"guardduty:DeletePublishingDestination": iampolicy.Silent, "s3:PutObject": iampolicy.Silent, "iam:PassRole": iampolicy.Silent,
	} {
		judge(t, d, []verdict{{action, asUser(person, action, "*", nil), want}})
	}
}
