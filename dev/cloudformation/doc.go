// Package cloudformation tests what the policies in infra/aws allow and
// refuse: on an S3 server that enforces IAM policies where it can, and by the
// rules of package iampolicy where it cannot (KMS, trust, service principals).
//
// The JavaScript beside it works the templates out and holds them to AWS's
// specification of CloudFormation.
package cloudformation
