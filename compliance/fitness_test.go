package compliance_test

var fitnessLogins = map[string]wanted{}

var fitnessFailures = map[string]error{}

var fitnessRefreshes = map[string]renewed{}
