package compliance_test

var socialLogins = map[string]wanted{}

var socialFailures = map[string]error{}

var socialRefreshes = map[string]renewed{}
