package stack_test

import (
	"testing"

	"guardduty-sentinel/dev/internal/iampolicy"
)

// changes are the actions that make, change or remove an object or what belongs
// to it.
var changes = []string{
	"s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
	"s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:PutObjectAnnotation",
	"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging",
	"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:UpdateObjectEncryption",
}

const (
	writer = "arn:aws:iam::111122223333:role/security/Restore"
	object = bucketARN + "/AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/a.jsonl.gz"
)

// session is a request with the temporary credentials of a role.
func session(role, action, resource string) iampolicy.Request {
	r := asUser(role, action, resource, nil)
	r.Principal = "arn:aws:sts::111122223333:assumed-role/Restore/somebody"
	return r
}

// Only GuardDuty and the principal named for it change the export: all others
// are refused, which no other policy overrules.
func TestOnlyGuardDutyChangesTheExport(t *testing.T) {
	for name, parameters := range map[string][]string{
		"none named": nil, "one named": {"WriterPrincipalArn=" + writer},
	} {
		d := policy(t, render(t, append(parameters, "Reader=KeyPair", "BucketName="+bucket)...),
			"BucketPolicy", "PolicyDocument")
		named := iampolicy.Denied
		if parameters != nil {
			named = iampolicy.Silent // its own policies decide
		}
		for _, action := range changes {
			judge(t, d, []verdict{
				{name + ": an administrator", asUser("arn:aws:iam::111122223333:user/admin", action, object, nil),
					iampolicy.Denied},
				{name + ": a role of the account", session("arn:aws:iam::111122223333:role/Admin", action, object),
					iampolicy.Denied},
				{name + ": the root user", asUser("arn:aws:iam::111122223333:root", action, object, nil),
					iampolicy.Denied},
				{name + ": the reader", asUser("arn:aws:iam::111122223333:user/guardduty-export-ReaderUser-EXAMPLE",
					action, object, nil), iampolicy.Denied},
				{name + ": another account", asUser("arn:aws:iam::444455556666:role/x", action, object, nil),
					iampolicy.Denied},
				{name + ": without a signature", iampolicy.Request{Action: action, Resource: object}, iampolicy.Denied},
				{name + ": another service", service("s3.amazonaws.com", action, object, from(account, detector)),
					iampolicy.Denied},
				{name + ": a service's role for replication",
					session("arn:aws:iam::111122223333:role/replication", action, object), iampolicy.Denied},
				{name + ": the named one", asUser(writer, action, object, nil), named},
				{name + ": the named one's session", session(writer, action, object), named},
				{name + ": a role of a similar name", session(writer+"2", action, object), iampolicy.Denied},
			})
		}
	}
}

// Whatever of its names GuardDuty shows, what it is allowed is not refused.
func TestGuardDutyIsNotRefused(t *testing.T) {
	const regional = "guardduty.me-south-1.amazonaws.com"
	far := from(account, "arn:aws:guardduty:me-south-1:111122223333:detector/x")
	s := render(t, "Reader=KeyPair", "BucketName="+bucket, "ExportFrom=AllRegions", "WriterPrincipalArn="+writer,
		"GuardDutyPrincipals="+guardDuty+","+regional)
	d := policy(t, s, "BucketPolicy", "PolicyDocument")
	names := func(name string, list ...string) iampolicy.Request {
		r := service(regional, "s3:PutObject", object, far)
		r.Context["aws:PrincipalServiceName"] = name
		r.Lists["aws:PrincipalServiceNamesList"] = list
		return r
	}
	judge(t, d, []verdict{
		{"the service", service(guardDuty, "s3:PutObject", object, from(account, detector)), iampolicy.Allowed},
		{"by the region's name", names(regional, regional), iampolicy.Allowed},
		{"by both names", names(guardDuty, regional, guardDuty), iampolicy.Allowed},
		{"by a name that is only in the list", names("other.amazonaws.com", regional), iampolicy.Allowed},
		{"without a list", names(regional), iampolicy.Allowed},
		{"for another account", service(guardDuty, "s3:PutObject", object,
			from("444455556666", "arn:aws:guardduty:eu-west-1:444455556666:detector/x")), iampolicy.Silent},
	})
}

// The refusal is about the export: reading stays as it is, and so do other
// objects, such as the folder of a prefix, and the bucket's own settings.
func TestWhatTheRefusalLeaves(t *testing.T) {
	const admin = "arn:aws:iam::111122223333:role/Admin"
	s := render(t, "Reader=KeyPair", "BucketName="+bucket, "ExportPrefix=gd")
	judge(t, policy(t, s, "BucketPolicy", "PolicyDocument"), []verdict{
		{"reading", session(admin, "s3:GetObject", bucketARN+"/gd/AWSLogs/1/a"), iampolicy.Silent},
		{"reading a version", session(admin, "s3:GetObjectVersion", bucketARN+"/gd/AWSLogs/1/a"), iampolicy.Silent},
		{"listing", session(admin, "s3:ListBucket", bucketARN), iampolicy.Silent},
		{"making the folder", session(admin, "s3:PutObject", bucketARN+"/gd/"), iampolicy.Silent},
		{"below the folder", session(admin, "s3:PutObject", bucketARN+"/gd/AWSLogs/1/a"), iampolicy.Denied},
		{"without the prefix", session(admin, "s3:PutObject", bucketARN+"/AWSLogs/1/a"), iampolicy.Silent},
		{"changing the policy", session(admin, "s3:PutBucketPolicy", bucketARN), iampolicy.Silent},
		{"updating the stack", session(admin, "s3:PutLifecycleConfiguration", bucketARN), iampolicy.Silent},
	})
}
