package compliance_test

var mediaLogins = map[string]wanted{}

var mediaFailures = map[string]error{}

var mediaRefreshes = map[string]renewed{}
