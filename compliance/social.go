package compliance

var socialProviders = map[string]Provider{}
