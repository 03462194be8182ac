package seed

import "strings"

// hubResource is the resource as far as Security Hub names it: the ids of the
// first resource of a kind that GuardDuty has.
func hubResource(hub *object) *object {
	out := &object{}
	resources, _ := hub.get("Resources").([]any)
	for _, r := range resources {
		resource, ok := r.(*object)
		if !ok {
			continue
		}
		kind, name, details := hubDetails(resource)
		if kind == "" || out.get(name) != nil {
			continue
		}
		if out.get("resourceType") == nil {
			out.set("resourceType", kind)
		}
		out.set(name, details)
	}
	return out
}

// hubDetails is GuardDuty's name for a kind of resource, and its block.
func hubDetails(resource *object) (kind, name string, details any) {
	id, kind := resource.text("Id"), resource.text("Type")
	last := id[strings.LastIndexAny(id, ":/")+1:]
	more := resource.at("Details", kind)
	if more == nil {
		more = &object{}
	}
	switch kind {
	case "AwsEc2Instance":
		return "Instance", "instanceDetails", block("instanceId", last, "instanceType", more.text("Type"),
			"imageId", more.text("ImageId"), "launchTime", more.text("LaunchedAt"))
	case "AwsIamAccessKey":
		return "AccessKey", "accessKeyDetails", block("accessKeyId", last, "principalId", more.text("PrincipalId"),
			"userName", more.text("PrincipalName"), "userType", more.text("PrincipalType"))
	case "AwsS3Bucket":
		return "S3Bucket", "s3BucketDetails", []any{block("arn", id, "name", last)}
	case "AwsEksCluster":
		return "EKSCluster", "eksClusterDetails", block("arn", id, "name", last)
	case "AwsEcsCluster":
		return "ECSCluster", "ecsClusterDetails", block("arn", id, "name", last)
	case "AwsLambdaFunction":
		return "Lambda", "lambdaDetails", block("functionArn", id, "functionName", last)
	case "AwsRdsDbInstance":
		return "RDSDBInstance", "rdsDbInstanceDetails", block("dbInstanceArn", id, "dbInstanceIdentifier", last)
	}
	return "", "", nil
}

// block is an object of names and texts, without the empty ones.
func block(pairs ...string) *object {
	o := &object{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			o.set(pairs[i], pairs[i+1])
		}
	}
	return o
}
