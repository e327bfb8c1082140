package compliance

var asianProviders = map[string]Provider{}
