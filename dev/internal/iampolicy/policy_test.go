package iampolicy_test

import (
	"testing"

	"guardduty-sentinel/dev/internal/iampolicy"
)

func document(statement string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
}

func TestDecide(t *testing.T) {
	const me, other = "arn:aws:iam::111122223333:user/me", "arn:aws:iam::111122223333:user/other"
	const account = `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`
	const get = `"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/logs/*"`
	tests := []struct {
		name, statement, principal, action, resource string
		context                                      map[string]string
		want                                         iampolicy.Decision
	}{
		{"identity", `{` + get + `}`, me, "s3:GetObject", "arn:aws:s3:::b/logs/x/y", nil, iampolicy.Allowed},
		{"action in other case", `{` + get + `}`, me, "S3:getobject", "arn:aws:s3:::b/logs/x", nil, iampolicy.Allowed},
		{"longer action", `{` + get + `}`, me, "s3:GetObjectAcl", "arn:aws:s3:::b/logs/x", nil, iampolicy.Silent},
		{"resource in other case", `{` + get + `}`, me, "s3:GetObject", "arn:aws:s3:::b/Logs/x", nil, iampolicy.Silent},
		{"longer name", `{` + get + `}`, me, "s3:GetObject", "arn:aws:s3:::b/logsx", nil, iampolicy.Silent},
		{
			"named",
			`{"Principal":{"AWS":["` + other + `","` + me + `"]},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			nil,
			iampolicy.Allowed,
		},
		{
			"another named",
			`{"Principal":{"AWS":"` + other + `"},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			nil,
			iampolicy.Silent,
		},
		{
			"its account named", `{` + account + `,` + get + `}`, me, "s3:GetObject", "arn:aws:s3:::b/logs/", nil,
			iampolicy.Delegated,
		},
		{
			"another account", `{` + account + `,` + get + `}`, "arn:aws:iam::444455556666:user/me", "s3:GetObject",
			"arn:aws:s3:::b/logs/", nil, iampolicy.Silent,
		},
		{
			"refusal comes first",
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"},{"Principal":"*",` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			nil,
			iampolicy.Denied,
		},
		{
			"refusal comes last",
			`{"Principal":"*",` + get + `},{"Effect":"Deny","Principal":"*","Action":"s3:Get???ect","Resource":"*"}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			nil,
			iampolicy.Denied,
		},
		{
			"condition holds",
			`{"Condition":{"StringLike":{"a":["x","l*g"]},"Bool":{"b":"false"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			map[string]string{"a": "long", "b": "false"},
			iampolicy.Allowed,
		},
		{
			"one of two fails",
			`{"Condition":{"StringEquals":{"a":"long"},"Bool":{"b":"false"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			map[string]string{"a": "long", "b": "true"},
			iampolicy.Silent,
		},
		{
			"key is missing",
			`{"Condition":{"StringLike":{"a":"*"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			nil,
			iampolicy.Silent,
		},
		{
			"no wildcard in StringEquals",
			`{"Condition":{"StringEquals":{"a":"*"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			map[string]string{"a": "x"},
			iampolicy.Silent,
		},
		{
			"ARN",
			`{"Condition":{"ArnLike":{"a":"arn:aws:guardduty:*:1:detector/*"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			map[string]string{"a": "arn:aws:guardduty:eu-west-1:1:detector/x"},
			iampolicy.Allowed,
		},
		{
			"ARN wildcard stays in its part",
			`{"Condition":{"ArnLike":{"a":"arn:aws:guardduty:*:1:detector/*"}},` + get + `}`,
			me,
			"s3:GetObject",
			"arn:aws:s3:::b/logs/",
			map[string]string{"a": "arn:aws:guardduty:x:2:y:1:detector/x"},
			iampolicy.Silent,
		},
	}
	for _, tt := range tests {
		d, err := iampolicy.Parse(document(tt.statement))
		if err != nil {
			t.Errorf("%s: Parse() = %v", tt.name, err)
			continue
		}
		if got := d.Decide(iampolicy.Request{Kind: "AWS", Principal: tt.principal, Action: tt.action,
			Resource: tt.resource, Context: tt.context}); got != tt.want {
			t.Errorf("%s: Decide() = %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A negated operator holds where nothing matches: for another value, and for a
// request without the key. Of a list it takes every value.
func TestNegatedOperators(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/x/writer"
	list := func(values ...string) map[string][]string { return map[string][]string{"a": values} }
	for _, tt := range []struct {
		name, condition string
		context         map[string]string
		lists           map[string][]string
		holds           bool
	}{
		{"another text", `"StringNotEquals":{"a":["x","y"]}`, map[string]string{"a": "z"}, nil, true},
		{"one of the texts", `"StringNotEquals":{"a":["x","y"]}`, map[string]string{"a": "y"}, nil, false},
		{"no text", `"StringNotEquals":{"a":"x"}`, nil, nil, true},
		{"no wildcard", `"StringNotEquals":{"a":"*"}`, map[string]string{"a": "x"}, nil, true},
		{"another ARN", `"ArnNotEquals":{"a":"` + role + `"}`, map[string]string{"a": role + "2"}, nil, true},
		{"the ARN", `"ArnNotEquals":{"a":"` + role + `"}`, map[string]string{"a": role}, nil, false},
		{"no ARN", `"ArnNotEquals":{"a":"` + role + `"}`, nil, nil, true},
		{"a list of others", `"ForAllValues:StringNotEquals":{"a":"x"}`, nil, list("y", "z"), true},
		{"a list with it", `"ForAllValues:StringNotEquals":{"a":"x"}`, nil, list("y", "x"), false},
		{"no list", `"ForAllValues:StringNotEquals":{"a":"x"}`, nil, nil, true},
		{
			"two keys, one of them matches", `"StringNotEquals":{"a":"x"},"ArnNotEquals":{"b":"` + role + `"}`,
			map[string]string{"a": "z", "b": role}, nil, false,
		},
	} {
		d, err := iampolicy.Parse(document(
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{` + tt.condition + `}}`))
		if err != nil {
			t.Fatalf("%s: Parse() = %v", tt.name, err)
		}
		want := iampolicy.Silent
		if tt.holds {
			want = iampolicy.Denied
		}
		request := iampolicy.Request{Kind: "AWS", Principal: role, Action: "s3:PutObject", Resource: "x",
			Context: tt.context, Lists: tt.lists}
		if got := d.Decide(request); got != want {
			t.Errorf("%s: Decide() = %d, want %d", tt.name, got, want)
		}
	}
}

// What the package does not know, it does not judge.
func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		``, `{}`, document(``), `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		document(`{"Effect":"allow","Action":"*","Resource":"*"}`), document(`{"Effect":"Allow","Resource":"*"}`),
		document(`{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`),
		document(`{"Effect":"Allow","Action":"s3:*","NotResource":"x"}`),
		document(`{"Effect":"Allow","NotPrincipal":"*","Action":"s3:*","Resource":"x"}`),
		document(`{"Effect":"Allow","Action":1,"Resource":"x"}`),
		document(`{"Effect":"Allow","Action":"s3:*","Resource":"x","Condition":{"StringNotLike":{"a":"b"}}}`),
		document(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:*","Resource":"x"}`),
		document(`{"Effect":"Allow","Principal":{"CanonicalUser":"x"},"Action":"s3:*","Resource":"x"}`),
		document(`{"Effect":"Allow","Principal":"me","Action":"s3:*","Resource":"x"}`),
	} {
		if d, err := iampolicy.Parse(text); err == nil {
			t.Errorf("Parse(%s) = %+v, want an error", text, d)
		}
	}
}
