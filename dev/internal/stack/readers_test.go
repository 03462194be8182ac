package stack_test

import (
	"testing"

	"guardduty-sentinel/dev/internal/iampolicy"
	"guardduty-sentinel/dev/internal/stack"
)

// The reader decrypts, with this key, and only what S3 reads for it.
func TestReaderDecryptsThroughS3Alone(t *testing.T) {
	for output, parameters := range map[string][]string{"ReaderUserName": {"Reader=KeyPair"}, "ReaderRoleArn": keyless,
		"ExternalRoleArn": externalRole} {
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
			{"S3 of another region", asUser(reader, "kms:Decrypt", key, via("s3.us-east-1.amazonaws.com")),
				iampolicy.Silent},
			{"through another service", asUser(reader, "kms:Decrypt", key, via("dynamodb.eu-west-1.amazonaws.com")),
				iampolicy.Silent},
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
				t.Errorf("%s, %s: the key's policy = %d, want %d", output, v.name, got,
					max(v.want, iampolicy.Delegated))
			}
		}
		judge(t, own,
			[]verdict{{"another key", asUser(reader, "kms:Decrypt", key+"0", via(throughS3)), iampolicy.Silent}})
		judge(
			t,
			ofKey,
			[]verdict{
				{
					"another account",
					asUser("arn:aws:iam::444455556666:user/x", "kms:Decrypt", key, via(throughS3)),
					iampolicy.Silent,
				},
			},
		)
	}
}

// A bucket's name can be given up and taken in another account: what is there
// then is not the export.
func TestReaderReadsOnlyTheAccountsBucket(t *testing.T) {
	const reader, object = "arn:aws:iam::111122223333:role/reader", bucketARN + "/AWSLogs/1/a"
	for _, parameters := range [][]string{{"Reader=KeyPair"}, keyless, externalRole} {
		d := policy(t, render(t, append(parameters, "BucketName="+bucket)...), "ReaderPolicy", "PolicyDocument")
		of := func(account string) map[string]string {
			return map[string]string{"aws:ResourceAccount": account, "s3:prefix": "AWSLogs/"}
		}
		for _, request := range []struct{ action, resource string }{
			{"s3:ListBucket", bucketARN}, {"s3:GetObject", object},
		} {
			judge(t, d, []verdict{
				{"in the account", asUser(reader, request.action, request.resource, of(account)), iampolicy.Allowed},
				{"in another", asUser(reader, request.action, request.resource, of("444455556666")), iampolicy.Silent},
				{"not known where", asUser(reader, request.action, request.resource,
					map[string]string{"s3:prefix": "AWSLogs/"}), iampolicy.Silent},
			})
		}
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
		{
			"another tenant's claims",
			assume(provider, action,
				map[string]string{"sts.windows.net/x/:aud": audience, "sts.windows.net/x/:sub": identity}),
			iampolicy.Silent,
		},
		{
			"no subject",
			assume(provider, action, map[string]string{"sts.windows.net/" + tenant + "/:aud": audience}),
			iampolicy.Silent,
		},
		{"another provider", assume(provider+"x", action, claims(audience, identity)), iampolicy.Silent},
		{
			"without a token",
			asUser("arn:aws:iam::"+account+":root", "sts:AssumeRole", "", claims(audience, identity)),
			iampolicy.Silent,
		},
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

// The role for people wants more than a name: multi-factor authentication, an
// external id, or both.
func TestAnalystProvesMore(t *testing.T) {
	const person, id = "arn:aws:iam::111122223333:user/analyst", "an-external-id-of-ours"
	proof := func(mfa, id string) map[string]string {
		context := map[string]string{}
		if mfa != "" {
			context["aws:MultiFactorAuthPresent"] = mfa
		}
		if id != "" {
			context["sts:ExternalId"] = id
		}
		return context
	}
	for name, tt := range map[string]struct {
		parameters         []string
		none, mfa, id, all iampolicy.Decision
	}{
		"as it is": {nil, iampolicy.Silent, iampolicy.Allowed, iampolicy.Silent, iampolicy.Allowed},
		"external id": {[]string{"AnalystRequiresMFA=false", "AnalystExternalId=" + id}, iampolicy.Silent,
			iampolicy.Silent, iampolicy.Allowed, iampolicy.Allowed},
		"both": {[]string{"AnalystExternalId=" + id}, iampolicy.Silent, iampolicy.Silent, iampolicy.Silent,
			iampolicy.Allowed},
	} {
		s := render(t, append(tt.parameters, "Reader=KeyPair", "AnalystPrincipalArn="+person)...)
		d := policy(t, s, "AnalystRole", "AssumeRolePolicyDocument")
		assume := func(arn string, context map[string]string) iampolicy.Request {
			return asUser(arn, "sts:AssumeRole", "", context)
		}
		judge(t, d, []verdict{
			{name + ": with an access key", assume(person, proof("", "")), tt.none},
			{name + ": a session without a second factor", assume(person, proof("false", "")), tt.none},
			{name + ": with one", assume(person, proof("true", "")), tt.mfa},
			{name + ": with the external id", assume(person, proof("false", id)), tt.id},
			{name + ": with another external id", assume(person, proof("false", id+"2")), iampolicy.Silent},
			{name + ": with both", assume(person, proof("true", id)), tt.all},
			{name + ": somebody else with both", assume(person+"2", proof("true", id)), iampolicy.Silent},
		})
	}
}

// People look and change nothing.
func TestAnalystChangesNothing(t *testing.T) {
	const person = "arn:aws:iam::111122223333:role/Analyst"
	s := render(t, "Reader=KeyPair", "AnalystPrincipalArn="+person)
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
		"guardduty:GetFindings": iampolicy.Allowed, "guardduty:ListDetectors": iampolicy.Allowed,
		"guardduty:DescribePublishingDestination": iampolicy.Allowed,
		"guardduty:ArchiveFindings":               iampolicy.Silent, "guardduty:UpdateDetector": iampolicy.Silent,
		"guardduty:CreateSampleFindings":        iampolicy.Silent,
		"guardduty:DeletePublishingDestination": iampolicy.Silent, "s3:PutObject": iampolicy.Silent,
		"iam:PassRole": iampolicy.Silent,
	} {
		judge(t, d, []verdict{{action, asUser(person, action, "*", nil), want}})
	}
}
