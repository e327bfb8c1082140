package compliance

var mediaProviders = map[string]Provider{}
