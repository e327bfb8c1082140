package compliance_test

var asianLogins = map[string]wanted{}

var asianFailures = map[string]error{}

var asianRefreshes = map[string]renewed{}
