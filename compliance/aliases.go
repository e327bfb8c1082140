package compliance

// aliases are names that goth has for rows of the table.
var aliases = map[string]string{}
