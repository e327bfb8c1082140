package compliance_test

var identityLogins = map[string]wanted{}

var identityFailures = map[string]error{}

var identityRefreshes = map[string]renewed{}
