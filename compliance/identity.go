package compliance

var identityProviders = map[string]Provider{}
