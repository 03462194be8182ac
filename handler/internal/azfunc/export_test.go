package azfunc

// ReadInvocation is for the fuzz test, which is too fast for HTTP.
var ReadInvocation = readInvocation

// MaxReason is the bound on a reason phrase.
const MaxReason = maxReason
