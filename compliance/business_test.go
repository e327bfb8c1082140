package compliance_test

var businessLogins = map[string]wanted{}

var businessFailures = map[string]error{}

var businessRefreshes = map[string]renewed{}
