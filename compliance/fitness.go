package compliance

var fitnessProviders = map[string]Provider{}
